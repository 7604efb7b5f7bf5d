/** A user's own page: which clients can act for them, and how to end that. */
import type { JSX } from 'hono/jsx/jsx-runtime'
import {
  countClients,
  Csrf,
  EarlierGrants,
  type EndedGrant,
  LiveClients,
  type LiveGrant,
} from './account-clients.tsx'
import { Layout } from './layout.tsx'

export interface AccountPageProps {
  userName: string | null
  csrf: string
  /** Newest first. */
  live: readonly LiveGrant[]
  /** Newest first. */
  ended: readonly EndedGrant[]
  /** The number of earlier ones that are stored but not shown. */
  endedMore: number
  productName: string
  apiName: string
}

const TITLE = 'Apps that can act for you'

export function AccountPage(props: AccountPageProps): JSX.Element {
  const { userName, csrf, live, apiName, productName } = props
  const clients = countClients(live)
  return (
    <Layout title={TITLE} productName={productName} head={<script src="/assets/local-time.js" defer />}>
      <h1>{TITLE}</h1>
      <p class="lead">
        {userName === null ? 'You are signed in.' : <>You are signed in as {<bdi>{userName}</bdi>}.</>}{' '}
        {live.length === 0
          ? `No app can use the ${apiName} as you now.`
          : `${clients === 1 ? 'One app' : `${clients} apps`} can use the ${apiName} as you, through this server.`}
      </p>
      {live.length === 0 ? (
        <div class="actions">
          <a class="button" href="/">
            How to connect an app
          </a>
        </div>
      ) : (
        <>
          {live.length === 1 ? null : <EndAll csrf={csrf} clients={clients} />}
          <LiveClients live={live} csrf={csrf} />
        </>
      )}
      <EarlierGrants ended={props.ended} more={props.endedMore} />
      <Leave csrf={csrf} />
    </Layout>
  )
}

/** Asks before it ends everything: the button is inside, and waits again once it is opened (`armed`). */
const EndAll = ({ csrf, clients }: { csrf: string; clients: number }): JSX.Element => (
  <details class="end-all">
    <summary>End all access</summary>
    <form class="armed" method="post" action="/me/end">
      <Csrf value={csrf} />
      <p>
        {clients === 1 ? 'This app stops' : `All ${clients} apps stop`} at once and must ask you again. What
        you end cannot be brought back.
      </p>
      <button class="button ends" name="grant" value="all">
        End all
      </button>
    </form>
  </details>
)

const Leave = ({ csrf }: { csrf: string }): JSX.Element => (
  <section class="leave" aria-label="When you are done">
    <h2>When you are done</h2>
    <div class="leave-choices">
      <form method="post" action="/me/sign-out">
        <Csrf value={csrf} />
        <button class="button">Sign out</button>
        <p>Closes this page. Apps keep their access, and PingOne keeps you signed in.</p>
      </form>
      <form class="armed" method="post" action="/me/sign-out-of-pingone">
        <Csrf value={csrf} />
        <button class="button">Sign out of PingOne</button>
        <p>Also ends the access of every app that you allowed in this PingOne session.</p>
      </form>
    </div>
  </section>
)

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
