import type { JSX } from 'hono/jsx/jsx-runtime'
import type { Config } from '#config.ts'
import { isLoopbackHost } from '#lib/addresses.ts'
import { connectSteps, type ConnectStep } from './connect-steps.ts'
import { htmlAnswer } from './html-answer.ts'
import { Layout } from './layout.tsx'

/** The users of the emulator that `npm start` starts (emulators/pingone). */
const EMULATOR_USERS = [
  { username: 'ada', note: 'an ordinary user' },
  { username: 'bob', note: 'another one, who sees only his own data' },
  { username: 'grace', note: 'a third one, in a group that this release does not use' },
]

/** GET /: how to connect a client. It names the emulator's users only if PingOne's issuer is on loopback. */
export function showHome(config: Config, { title, slug }: { title: string; slug: string }): Response {
  const issuer = new URL(config.pingone.issuer)
  const { hostname, protocol } = new URL(config.publicOrigin)
  const isEmulator = isLoopbackHost(issuer.hostname)
  const page = (
    <HomePage
      mcpUrl={config.resource}
      isLocal={isLoopbackHost(hostname)}
      users={isEmulator ? EMULATOR_USERS : []}
      password={isEmulator ? 'demo' : null}
      emulatorUrl={isEmulator ? `${issuer.origin}/__emulator` : null}
      productName={title}
      serverName={slug}
    />
  )
  return htmlAnswer(page, { isHttps: protocol === 'https:' })
}

export interface HomePageProps {
  mcpUrl: string
  /** For the configuration of clients. */
  serverName: string
  isLocal: boolean
  /** The users of the emulator; empty where users are real. */
  users: readonly { username: string; note: string }[]
  password: string | null
  emulatorUrl: string | null
  productName: string
}

/** Explains how to connect a client and, on loopback, lists the emulator's users. */
export function HomePage(props: HomePageProps): JSX.Element {
  const { mcpUrl, productName } = props
  return (
    <Layout
      title="Connect a client"
      productName={productName}
      width="wide"
      head={<script src="/assets/copy.js" defer />}
    >
      <h1>Connect a client</h1>
      <p class="lead">
        Give this URL to an MCP client. It opens a page in your browser, where you decide what it may do and
        sign in with PingOne.
      </p>
      <div class="plate url-field">
        <label for="mcp-url">MCP URL</label>
        <div class="copy-row">
          <input id="mcp-url" class="mono" type="text" readonly value={mcpUrl} spellcheck={false} />
          <CopyButton copies="mcp-url" what="the MCP URL" />
        </div>
      </div>
      {props.isLocal ? <Users {...props} /> : null}
      <h2>What to type</h2>
      <div class="steps">
        {connectSteps(mcpUrl, props.serverName).map((step) => (
          <Step step={step} />
        ))}
        <Connector mcpUrl={mcpUrl} isLocal={props.isLocal} />
      </div>
      <section aria-labelledby="yours">
        <h2 id="yours">What acts for you</h2>
        <p>
          <a href="/me">Your page</a> shows which apps can act for you, and ends it.
        </p>
      </section>
      <p class="unseen" role="status" id="copy-status" />
    </Layout>
  )
}

function Users({ users, password, emulatorUrl }: HomePageProps): JSX.Element | null {
  if (users.length === 0) return null
  return (
    <section aria-labelledby="users">
      <h2 id="users">Whom to sign in as</h2>
      <p>
        Here an emulator plays PingOne, on this computer only
        {password === null ? null : (
          <>
            ; the password is <code>{password}</code> for everyone
          </>
        )}
        .
      </p>
      <dl class="users">
        {users.map(({ username, note }) => (
          <div>
            <dt>
              <code>{username}</code>
            </dt>
            <dd>{note}</dd>
          </div>
        ))}
      </dl>
      {emulatorUrl === null ? null : (
        <p>
          <a href={emulatorUrl}>Open the emulator’s own page</a>
        </p>
      )}
    </section>
  )
}

function Step({ step }: { step: ConnectStep }): JSX.Element {
  return (
    <section class="step" aria-labelledby={step.id}>
      <h3 id={step.id}>{step.client}</h3>
      <div class="step-body">
        {step.snippets.map(({ where, code }, index) => (
          <div class="snippet-box">
            <div class="snippet-head">
              <span>{where}</span>
              <CopyButton copies={`${step.id}-${index + 1}`} what={`for ${step.client}: ${where}`} />
            </div>
            <pre class="snippet">
              <code id={`${step.id}-${index + 1}`}>{code}</code>
            </pre>
          </div>
        ))}
        {step.note === null ? null : <p class="step-note">{step.note}</p>}
      </div>
    </section>
  )
}

// Anthropic's servers call a connector of Claude, so it needs a public https address.
function Connector({ mcpUrl, isLocal }: { mcpUrl: string; isLocal: boolean }): JSX.Element {
  const isReachable = !isLocal && mcpUrl.startsWith('https://')
  return (
    <section class="step" aria-labelledby="claude">
      <h3 id="claude">Claude</h3>
      <div class="step-body">
        {isReachable ? (
          <p>In Settings, Connectors, choose “Add custom connector” and paste the MCP URL.</p>
        ) : (
          <p>
            Claude’s servers cannot reach localhost: a connector needs a deployment on https. Claude Code runs
            on this computer, so it can connect now.
          </p>
        )}
      </div>
    </section>
  )
}

// Hidden until the script runs: without JavaScript the button would do nothing.
function CopyButton({ copies, what }: { copies: string; what: string }): JSX.Element {
  return (
    <button class="copy" type="button" hidden data-copies={copies}>
      <span data-said>Copy</span>
      <span class="unseen"> {what}</span>
    </button>
  )
}

/**
 * The only script of our pages: the home page's Copy buttons. A file, because the CSP allows no inline script. It reads
 * only text that we rendered. Without `navigator.clipboard` (plain http outside localhost) the buttons stay hidden.
 */
export const copyScript = `'use strict'
const status = document.getElementById('copy-status')
for (const button of document.querySelectorAll('button[data-copies]')) {
  const source = document.getElementById(button.dataset.copies)
  const said = button.querySelector('[data-said]')
  if (!source || !said || !navigator.clipboard) continue
  const before = said.textContent
  let timer
  button.hidden = false
  button.addEventListener('click', async () => {
    let outcome = 'Copied'
    try {
      await navigator.clipboard.writeText('value' in source ? source.value : source.textContent)
    } catch {
      // The browser said no: mark the text, so that the user's own shortcut copies it.
      outcome = 'Selected'
      if ('select' in source) source.select()
      else getSelection().selectAllChildren(source)
    }
    said.textContent = outcome
    if (status) status.textContent = outcome
    clearTimeout(timer)
    timer = setTimeout(() => {
      said.textContent = before
      if (status) status.textContent = ''
    }, 2000)
  })
}
`
