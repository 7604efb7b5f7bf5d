/**
 * Lists the clients that can act for a user, and ends their grants. It shows a client like the consent page: the address
 * before the name, untrusted text in named fields only, escaped.
 */
import type { JSX } from 'hono/jsx/jsx-runtime'
import type { ConsentClient, ScopeSentence } from './consent-page.tsx'
import { Layout } from './layout.tsx'

/** A client as the user allowed it. */
export interface AccountClient extends Omit<ConsentClient, 'redirectHost'> {
  /** Null for a grant from before it was stored. */
  redirectHost: string | null
}

export interface LiveGrant {
  id: string
  client: AccountClient
  /** Empty until the client redeems its code. */
  scopes: readonly ScopeSentence[]
  since: Moment
  lastUsed: Moment
  sessions: number
}

export interface EndedGrant {
  id: string
  client: AccountClient
  since: Moment
  endedAt: Moment
  why: string
}

/** A point in time: machine-readable and as text. */
export interface Moment {
  iso: string
  text: string
}

export interface AccountPageProps {
  userName: string | null
  csrf: string
  live: readonly LiveGrant[]
  ended: readonly EndedGrant[]
  /** The number of earlier ones that are stored but not shown. */
  endedMore: number
  productName: string
  apiName: string
}

const TITLE = 'Apps that can act for you'

export function AccountPage(props: AccountPageProps): JSX.Element {
  const { userName, csrf, live, apiName, productName } = props
  return (
    <Layout title={TITLE} productName={productName}>
      <h1>{TITLE}</h1>
      <p class="lead">
        {userName === null ? 'You are signed in.' : <>You are signed in as {<bdi>{userName}</bdi>}.</>}{' '}
        {live.length === 0
          ? `No app can use the ${apiName} as you now.`
          : `What is listed here can use the ${apiName} as you, through this server, until it ends.`}
      </p>
      {live.length === 0 ? (
        <div class="actions">
          <a class="button" href="/">
            How to connect an app
          </a>
        </div>
      ) : (
        <ul class="grants">
          {live.map((grant) => (
            <Live grant={grant} csrf={csrf} />
          ))}
        </ul>
      )}
      {live.length < 2 ? null : (
        <form class="end-all armed" method="post" action="/me/end">
          <Hidden csrf={csrf} />
          <button class="button ends" name="grant" value="all">
            End all
          </button>
        </form>
      )}
      <Ended {...props} />
      <section class="leave" aria-label="When you are done">
        <h2>When you are done</h2>
        <div class="leave-choices">
          <form method="post" action="/me/sign-out">
            <Hidden csrf={csrf} />
            <button class="button">Sign out</button>
            <p>Closes this page. Apps keep their access, and PingOne keeps you signed in.</p>
          </form>
          <form class="armed" method="post" action="/me/sign-out-of-pingone">
            <Hidden csrf={csrf} />
            <button class="button">Sign out of PingOne</button>
            <p>Also ends the access of every app that you allowed in this PingOne session.</p>
          </form>
        </div>
      </section>
    </Layout>
  )
}

const Hidden = ({ csrf }: { csrf: string }): JSX.Element => <input type="hidden" name="csrf" value={csrf} />

function Live({ grant, csrf }: { grant: LiveGrant; csrf: string }): JSX.Element {
  const { id, client, scopes, since, lastUsed, sessions } = grant
  return (
    <li class="plate grant" id={`grant-${id}`}>
      <dl>
        <Who client={client} />
        <div>
          <dt>May</dt>
          <dd>
            {scopes.length === 0 ? 'Nothing yet: it has not picked up its access.' : null}
            <ul class="may">
              <ScopeList scopes={scopes} />
            </ul>
          </dd>
        </div>
        <div>
          <dt>Since</dt>
          <dd>
            <Time at={since} />
            <p class="grant-use">
              Last used <Time at={lastUsed} />
              {sessions === 0 ? null : `, ${sessions === 1 ? '1 open session' : `${sessions} open sessions`}`}
            </p>
          </dd>
        </div>
      </dl>
      <form class="grant-end armed" method="post" action="/me/end">
        <Hidden csrf={csrf} />
        <button class="button ends" name="grant" value={id}>
          End
          <span class="unseen">
            {' '}
            the access of <bdi>{placeOf(client)}</bdi>, allowed {since.text}
          </span>
        </button>
      </form>
    </li>
  )
}

function Who({ client }: { client: AccountClient }): JSX.Element {
  const { name, domain, label, redirectHost, isLocalApp } = client
  return (
    <>
      <div class="plate-first">
        <dt>{domain === null ? 'Access was sent to' : 'Published by'}</dt>
        <dd>
          <bdi class="host">{placeOf(client)}</bdi>{' '}
          {domain === null ? <span class="tag doubt">not verified</span> : null}{' '}
          {domain === null && isLocalApp ? <span class="tag doubt">this computer</span> : null}
        </dd>
      </div>
      <div>
        <dt>Calls itself</dt>
        <dd>
          “<bdi>{name}</bdi>” {label === null ? null : <span class="tag">on our list as {label}</span>}
        </dd>
      </div>
      {domain === null || redirectHost === null || redirectHost === domain ? null : (
        <div>
          <dt>Access was sent to</dt>
          <dd>
            <bdi class="host">{redirectHost}</bdi>{' '}
            {isLocalApp ? <span class="tag doubt">this computer</span> : null}
          </dd>
        </div>
      )}
    </>
  )
}

const placeOf = ({ domain, redirectHost }: AccountClient): string => domain ?? redirectHost ?? 'unknown'

export const ScopeList = ({ scopes }: { scopes: readonly ScopeSentence[] }): JSX.Element => (
  <>
    {scopes.map(({ value, sentence }) => (
      <li>
        {sentence} <code>{value}</code>
      </li>
    ))}
  </>
)

export const Time = ({ at: { iso, text } }: { at: Moment }): JSX.Element => <time datetime={iso}>{text}</time>

function Ended({ ended, endedMore }: AccountPageProps): JSX.Element | null {
  if (ended.length === 0) return null
  return (
    <section class="earlier" aria-labelledby="earlier">
      <h2 id="earlier">Earlier</h2>
      <ul>
        {ended.map(({ id, client, since, endedAt, why }) => (
          <li id={`grant-${id}`}>
            <p>
              <bdi class="host">{placeOf(client)}</bdi> “<bdi>{client.name}</bdi>”{' '}
              {client.domain === null ? <span class="tag doubt">not verified</span> : null}
            </p>
            <p>{why}</p>
            <p class="earlier-when">
              <Time at={since} /> to <Time at={endedAt} />
            </p>
          </li>
        ))}
      </ul>
      {endedMore === 0 ? null : <p class="earlier-when">And {endedMore} before these.</p>}
    </section>
  )
}

/**
 * Shown before a user's own page. A button and never a redirect: with a session at PingOne, a redirect would sign in
 * users who only followed a link.
 */
export function AccountSignInPage({
  isOver,
  productName,
  apiName,
}: Pick<AccountPageProps, 'productName' | 'apiName'> & {
  /** An earlier session has expired. */
  isOver: boolean
}): JSX.Element {
  return (
    <Layout title={TITLE} productName={productName}>
      {isOver ? (
        <div class="notice" role="status">
          <p>
            You were signed out of this page: it was not used for 15 minutes, your sign-in is more than an
            hour old, or somebody signed out.
          </p>
        </div>
      ) : null}
      <h1>{TITLE}</h1>
      <p class="lead">
        Sign in to see which apps can use the {apiName} as you, and to end the access of any of them.
      </p>
      <form class="actions" method="post" action="/me/sign-in">
        <button class="button primary">Sign in</button>
      </form>
    </Layout>
  )
}
