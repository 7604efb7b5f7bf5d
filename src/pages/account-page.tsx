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
import { accountWords as words } from './account-words.ts'
import { type Brand, Layout } from './layout.tsx'

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
  links?: Brand['links']
  apiName: string
}

export function AccountPage(props: AccountPageProps): JSX.Element {
  const { userName, csrf, live, apiName, productName, links = {} } = props
  const clients = countClients(live)
  return (
    <Layout
      title={words.title}
      productName={productName}
      links={links}
      width="wide"
      head={<script src="/assets/local-time.js" defer />}
    >
      <h1>{words.title}</h1>
      <p class="lead">
        {userName === null ? (
          words.signedIn
        ) : (
          <>
            {words.signedInAs} <bdi>{userName}</bdi>.
          </>
        )}{' '}
        {live.length === 0 ? words.none(apiName) : words.some(clients, apiName)}
      </p>
      {live.length === 0 ? (
        <div class="actions">
          <a class="button" href="/">
            {words.howToConnect}
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
    <summary>{words.endAllQuestion}</summary>
    <form class="armed" method="post" action="/me/end">
      <Csrf value={csrf} />
      <p>{words.endAllWarning(clients)}</p>
      <button class="button ends" name="grant" value="all">
        {words.endAll}
      </button>
    </form>
  </details>
)

const Leave = ({ csrf }: { csrf: string }): JSX.Element => (
  <section class="leave" aria-label={words.leave}>
    <h2>{words.leave}</h2>
    <div class="leave-choices">
      <form method="post" action="/me/sign-out">
        <Csrf value={csrf} />
        <button class="button">{words.signOut}</button>
        <p>{words.signOutEffect}</p>
      </form>
      <form class="armed" method="post" action="/me/sign-out-of-pingone">
        <Csrf value={csrf} />
        <button class="button">{words.signOutOfPingOne}</button>
        <p>{words.signOutOfPingOneEffect}</p>
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
  links = {},
  apiName,
}: Pick<AccountPageProps, 'productName' | 'links' | 'apiName'> & {
  /** An earlier session has expired. */
  isOver: boolean
}): JSX.Element {
  return (
    <Layout title={words.title} productName={productName} links={links}>
      {isOver ? (
        <div class="notice" role="status">
          <p>{words.isOver}</p>
        </div>
      ) : null}
      <h1>{words.title}</h1>
      <p class="lead">{words.signInLead(apiName)}</p>
      <form class="actions" method="post" action="/me/sign-in">
        <button class="button primary">{words.signIn}</button>
      </form>
    </Layout>
  )
}
