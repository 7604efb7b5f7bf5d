import type { AccountClient } from '#pages/account-clients.tsx'
import { AccountPage, type AccountPageProps, AccountSignInPage } from '#pages/account-page.tsx'
import { ConsentPage, type ConsentPageProps } from '#pages/consent-page.tsx'
import { ContinuePage } from '#pages/continue-page.tsx'
import { HomePage, type HomePageProps } from '#pages/home-page.tsx'
import { renderPage } from '#pages/layout.tsx'
import { ErrorPage } from '#pages/error-page.tsx'
import { MessagePage } from '#pages/message-page.tsx'
import { LockedPage, NotSetUpPage, SettingsPage } from '#pages/settings-pages.tsx'
import { StepUpPage, type StepUpPageProps } from '#pages/step-up-page.tsx'

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
    {
      value: 'todo:read',
      sentence: 'See your todos',
      action: 'read your todos',
      isFixed: true,
      isChecked: true,
    },
    {
      value: 'todo:write',
      sentence: 'Add, change and delete your todos',
      action: 'change your todos',
      isFixed: false,
      isChecked: true,
    },
  ],
  upstreamScopes: ['openid', 'todos.read', 'todos.write'],
  lasting: { idleDays: 30, maxDays: 90, pingOneIdleHours: null },
  productName: 'Todo MCP server',
  links: { support: 'mailto:help@example.com', terms: 'https://example.com/terms' },
  apiName: 'Todo API',
}

export const homeProps: HomePageProps = {
  mcpUrl: 'http://localhost:8787/mcp',
  serverName: 'todos',
  isLocal: true,
  users: [
    { username: 'ada', note: 'an ordinary user' },
    { username: 'grace', note: 'an operator' },
  ],
  password: 'demo',
  usersUrl: 'http://localhost:8789/',
  productName: 'Todo MCP server',
}

export const deployedProps: HomePageProps = {
  mcpUrl: 'https://mcp.example.com/mcp',
  serverName: 'todos',
  isLocal: false,
  users: [],
  password: null,
  usersUrl: null,
  productName: 'Todo MCP server',
}

const moment = { iso: '2026-11-21T06:23:00.000Z', text: '21 Nov 2026, 06:23 UTC' }
const local: AccountClient = {
  name: 'X',
  domain: null,
  label: null,
  redirectHost: '127.0.0.1',
  isLocalApp: true,
}

export const accountProps: AccountPageProps = {
  userName: 'Ada Lovelace',
  csrf: 'the-csrf',
  live: [
    {
      id: 'AAAAAAAAAAAAAAAA',
      client: {
        name: 'Claude',
        domain: 'claude.ai',
        label: 'Claude',
        redirectHost: 'localhost',
        isLocalApp: true,
      },
      scopes: consentProps.scopes,
      since: moment,
      lastUsed: moment,
      sessions: 2,
    },
    { id: 'BBBBBBBBBBBBBBBB', client: local, scopes: [], since: moment, lastUsed: moment, sessions: 0 },
  ],
  ended: [{ id: 'CCCCCCCCCCCCCCCC', client: local, since: moment, endedAt: moment, why: 'You ended it.' }],
  endedMore: 3,
  productName: 'Todo MCP server',
  apiName: 'Todo API',
}

/** Twenty grants of seventeen clients, newest first, and more ended ones than the page shows at once. */
export const manyProps: AccountPageProps = {
  ...accountProps,
  live: Array.from({ length: 20 }, (_, index) => ({
    id: `M${String(index).padStart(15, '0')}`,
    client: { ...local, name: `Client ${Math.min(index, 16)}` },
    scopes: consentProps.scopes,
    since: moment,
    lastUsed: moment,
    sessions: 0,
  })),
  ended: Array.from({ length: 8 }, (_, index) => ({
    id: `E${String(index).padStart(15, '0')}`,
    client: local,
    since: moment,
    endedAt: moment,
    why: 'You ended it.',
  })),
  endedMore: 12,
}

export const stepUpProps: StepUpPageProps = {
  action: '/step-up/user~request',
  csrf: 'bound-to-this-browser',
  client: {
    name: 'Claude',
    domain: 'claude.ai',
    label: 'Claude',
    redirectHost: 'claude.ai',
    isLocalApp: false,
  },
  since: { iso: '2026-11-21T06:29:00.000Z', text: '21 Nov 2026, 06:29 UTC' },
  until: { iso: '2026-11-21T06:39:00.000Z', text: '21 Nov 2026, 06:39 UTC' },
  askedFrom: [
    { network: '192.0.2.0/24', at: { iso: '2026-11-21T06:30:00.000Z', text: '21 Nov 2026, 06:30 UTC' } },
  ],
  has: [{ value: 'todo:read', sentence: 'See your todos', action: 'read your todos' }],
  scopes: [
    { value: 'todo:write', sentence: 'Add, change and delete your todos', action: 'change your todos' },
  ],
  upstreamScopes: ['openid', 'todos.read', 'todos.write'],
  tokenMinutes: 60,
  productName: 'Todo MCP server',
  links: {},
  apiName: 'Todo API',
}

const brand = { productName: 'Todos', links: { support: 'https://help.example.com/' } }

/** One sample of each page, and of each variant with other markup. */
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
  ['step-up, a client with a document', renderPage(<StepUpPage {...stepUpProps} />)],
  [
    'step-up, a local app that registered itself',
    renderPage(
      <StepUpPage
        {...stepUpProps}
        client={{ name: 'X', domain: null, label: null, redirectHost: null, isLocalApp: true }}
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
    'message, with a host',
    renderPage(
      <MessagePage
        title="This app could not be checked"
        sentence="It did not answer."
        next={null}
        retry={null}
        incident="7F3K"
        tone="problem"
        fact={{ label: 'It is described at', value: '</bdi><script>' }}
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
  ['locked', renderPage(<LockedPage brand={brand} />)],
  ['not set up', renderPage(<NotSetUpPage brand={brand} />)],
  [
    'settings',
    renderPage(<SettingsPage problems={[{ name: 'API_URL', problem: 'is missing' }]} brand={brand} />),
  ],
  [
    'error',
    renderPage(
      <ErrorPage
        status={503}
        title="Something went wrong here"
        sentence="Try again."
        ways={[
          { label: 'Try again', href: null },
          { label: 'How to connect', href: '/' },
        ]}
        incident="7f3k"
        brand={brand}
      />,
    ),
  ],
  [
    'error, of another address',
    renderPage(<ErrorPage status={421} title="Not here" sentence="Ask again." ways={[]} brand={null} />),
  ],
  ['own page', renderPage(<AccountPage {...accountProps} />)],
  ['own page, twenty clients', renderPage(<AccountPage {...manyProps} />)],
  ['own page, empty', renderPage(<AccountPage {...accountProps} userName={null} live={[]} ended={[]} />)],
  ['own page, to sign in', renderPage(<AccountSignInPage isOver productName="Todos" apiName="Todo API" />)],
]
