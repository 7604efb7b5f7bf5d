import { ConsentPage, type ConsentPageProps } from '../../../src/pages/consent-page.tsx'
import { ContinuePage } from '../../../src/pages/continue-page.tsx'
import { HomePage, type HomePageProps } from '../../../src/pages/home-page.tsx'
import { renderPage } from '../../../src/pages/layout.tsx'
import { LockedPage } from '../../../src/pages/locked-page.tsx'
import { MessagePage } from '../../../src/pages/message-page.tsx'

export const consentProps: ConsentPageProps = {
  handle: 'the-handle',
  client: {
    name: 'Claude',
    domain: 'claude.ai',
    label: 'Claude',
    redirectHost: 'claude.ai',
    isLocalApp: false,
  },
  scopes: [
    { value: 'todo:read', sentence: 'See your todos', isFixed: true, isChecked: true },
    { value: 'todo:write', sentence: 'Add, change and delete your todos', isFixed: false, isChecked: true },
  ],
  upstreamScopes: ['openid', 'todos.read', 'todos.write'],
  staysSignedIn: { idleDays: 30, maxDays: 90 },
  productName: 'Todo MCP server',
  apiName: 'Todo API',
}

export const homeProps: HomePageProps = {
  mcpUrl: 'http://localhost:8787/mcp',
  isLocal: true,
  people: [
    { username: 'ada', note: 'an ordinary person' },
    { username: 'grace', note: 'an operator' },
  ],
  password: 'demo',
  standInUrl: 'http://localhost:8789/',
  productName: 'Todo MCP server',
}

export const deployedProps: HomePageProps = {
  mcpUrl: 'https://mcp.example.com/mcp',
  isLocal: false,
  people: [],
  password: null,
  standInUrl: null,
  productName: 'Todo MCP server',
}

/** One of each page, in the shapes that differ in markup. */
export const everyPage: readonly (readonly [string, string])[] = [
  ['consent, a client with a document', renderPage(<ConsentPage {...consentProps} />)],
  [
    'consent, a local app that registered itself',
    renderPage(
      <ConsentPage
        {...consentProps}
        upstreamScopes={[]}
        client={{ name: 'X', domain: null, label: null, redirectHost: '127.0.0.1', isLocalApp: true }}
      />,
    ),
  ],
  ['home, local', renderPage(<HomePage {...homeProps} />)],
  ['home, deployed', renderPage(<HomePage {...deployedProps} />)],
  [
    'message, a problem',
    renderPage(
      <MessagePage
        title="The sign-in did not finish"
        sentence="PingOne could not be reached."
        next={{ label: 'Start', href: '/' }}
        retry={{
          action: '/retry',
          fields: [{ name: 'handle', value: 'again' }],
          buttons: [
            { label: 'Try again', name: 'decision', value: 'approve' },
            { label: 'Back to your app', name: 'decision', value: 'leave' },
          ],
        }}
        incident="7F3K"
        tone="problem"
      />,
    ),
  ],
  [
    'message, done',
    renderPage(
      <MessagePage
        title="Done"
        sentence="You can close this."
        next={null}
        retry={null}
        incident={null}
        tone="done"
      />,
    ),
  ],
  [
    'continue to PingOne',
    renderPage(
      <ContinuePage
        to="https://auth.pingone.eu/env/as/authorize?x=1"
        host="auth.pingone.eu"
        scheme="https"
        seconds={0}
        destination="pingone"
      />,
    ),
  ],
  [
    'continue to a client',
    renderPage(
      <ContinuePage
        to="com.example.app:/cb?code=1"
        host=""
        scheme="com.example.app"
        seconds={1}
        destination="client"
      />,
    ),
  ],
  ['locked', renderPage(<LockedPage />)],
]
