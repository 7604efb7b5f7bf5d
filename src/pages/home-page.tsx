import type { JSX } from 'hono/jsx/jsx-runtime'
import type { Config } from '#config.ts'
import { isLoopbackHost } from '#lib/addresses.ts'
import { connectSteps, type ConnectStep } from './connect-steps.ts'
import { htmlAnswer } from './html-answer.ts'
import { type Brand, Layout } from './layout.tsx'

/** GET /: how to connect a client. Only `npm start` gives it users to name. */
export function showHome(config: Config, { title, slug }: { title: string; slug: string }): Response {
  const { hostname, protocol } = new URL(config.publicOrigin)
  const page = (
    <HomePage
      mcpUrl={config.resource}
      isLocal={isLoopbackHost(hostname)}
      users={config.localUsers?.users ?? []}
      password={config.localUsers?.password ?? null}
      usersUrl={config.localUsers?.page ?? null}
      productName={title}
      links={config.brand.links}
      serverName={slug}
    />
  )
  return htmlAnswer(page, { isHttps: protocol === 'https:' })
}

export interface HomePageProps extends Partial<Brand> {
  mcpUrl: string
  /** For the configuration of clients. */
  serverName: string
  isLocal: boolean
  /** Users who exist on this computer only; empty where users are real. */
  users: readonly { username: string; note: string }[]
  password: string | null
  usersUrl: string | null
  productName: string
}

/** Explains how to connect a client and, on loopback, lists users to sign in as. */
export function HomePage(props: HomePageProps): JSX.Element {
  const { mcpUrl, productName, links = {}, isLocal } = props
  const [claudeCode, ...others] = connectSteps(mcpUrl, props.serverName)
  return (
    <Layout
      title="Connect a client"
      productName={productName}
      links={links}
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
      <div class="ways">
        {claudeCode === undefined ? null : <Way step={claudeCode} isOpen />}
        <Connectors mcpUrl={mcpUrl} isLocal={isLocal} />
        {others.map((step) => (
          <Way step={step} />
        ))}
      </div>
      {isLocal ? <Users {...props} /> : null}
      <p class="home-more">
        <a href="/me">Your page</a> shows which apps can act for you, and ends it.
      </p>
      <p class="unseen" role="status" id="copy-status" />
    </Layout>
  )
}

/** One client. The elements share a name, so that opening one closes the others, without a script. */
function Way({ step, isOpen = false }: { step: ConnectStep; isOpen?: boolean }): JSX.Element {
  return (
    <details class="way" name="client" open={isOpen}>
      <summary>
        <h2>{step.client}</h2>
      </summary>
      <div class="way-body">
        {step.install === null ? null : (
          <p>
            <a class="button" href={step.install.href}>
              {step.install.label}
            </a>
          </p>
        )}
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
        {step.note === null ? null : <p>{step.note}</p>}
      </div>
    </details>
  )
}

// The servers of Anthropic and OpenAI call a connector, so it needs a public https address.
function Connectors({ mcpUrl, isLocal }: { mcpUrl: string; isLocal: boolean }): JSX.Element {
  const isReachable = !isLocal && mcpUrl.startsWith('https://')
  return (
    <details class="way" name="client">
      <summary>
        <h2>Claude and ChatGPT</h2>
      </summary>
      <div class="way-body">
        {isReachable ? (
          <>
            <p>Claude: in Settings, Connectors, choose “Add custom connector” and paste the MCP URL.</p>
            <p>ChatGPT: in developer mode, add a connector with the MCP URL.</p>
          </>
        ) : (
          <p>
            Claude’s servers cannot reach localhost, and neither can ChatGPT’s: a connector needs a deployment
            on https. Claude Code runs on this computer, so it can connect now.
          </p>
        )}
      </div>
    </details>
  )
}

function Users({ users, password, usersUrl }: HomePageProps): JSX.Element | null {
  if (users.length === 0) return null
  return (
    <section class="home-users" aria-labelledby="users">
      <h2 id="users">Sign in as</h2>
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
      <p>
        {password === null ? null : (
          <>
            The password is <code>{password}</code> for everyone.{' '}
          </>
        )}
        They exist on this computer only.{' '}
        {usersUrl === null ? null : <a href={usersUrl}>Open the local PingOne</a>}
      </p>
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
