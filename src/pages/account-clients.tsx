/**
 * The clients of a user's own page. The name leads, in quotation marks, because the client chose it; its address and
 * what is known about it stand below. Untrusted text is in named fields only, escaped.
 */
import type { JSX } from 'hono/jsx/jsx-runtime'
import { accountWords as words } from './account-words.ts'
import type { ConsentClient, ScopeSentence } from './consent-page.tsx'

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

export const Time = ({ at: { iso, text } }: { at: Moment }): JSX.Element => <time datetime={iso}>{text}</time>

/**
 * Live grants by client, in the order of each client's first grant. One client is what a user cannot tell apart: a client
 * that registers itself has a new id each time.
 */
const byClient = (live: readonly LiveGrant[]): ReadonlyMap<string, LiveGrant[]> =>
  Map.groupBy(live, ({ client: { name, domain, label, redirectHost } }) =>
    JSON.stringify([name, domain, label, redirectHost]),
  )

export const countClients = (live: readonly LiveGrant[]): number => byClient(live).size

/** The clients whose grants are shown at once; the others are folded, so that a long list stays short. */
const FIRST_CLIENTS = 5

/** The clients that can act for the user. Every grant has its own button. */
export const LiveClients = ({ live, csrf }: { live: readonly LiveGrant[]; csrf: string }): JSX.Element => (
  <ul class="clients">
    {[...byClient(live).values()].map((grants, index) => {
      const [first] = grants
      if (first === undefined) return null
      const isFolded = index >= FIRST_CLIENTS
      return (
        <li class="client">
          {isFolded ? (
            <details>
              <summary>
                <ClientName client={first.client} />
                {grants.length === 1 ? null : <span class="client-count">{words.times(grants.length)}</span>}
              </summary>
              <Grants grants={grants} csrf={csrf} />
            </details>
          ) : (
            <>
              <ClientName client={first.client} />
              <Grants grants={grants} csrf={csrf} />
            </>
          )}
        </li>
      )
    })}
  </ul>
)

const Grants = ({ grants, csrf }: { grants: readonly LiveGrant[]; csrf: string }): JSX.Element => (
  <ul class="client-grants">
    {grants.map((grant) => (
      <Grant grant={grant} csrf={csrf} />
    ))}
  </ul>
)

function ClientName({ client }: { client: AccountClient }): JSX.Element {
  const { domain, redirectHost } = client
  return (
    <div class="client-who">
      <h2 class="client-name">
        “<bdi>{client.name}</bdi>”
      </h2>
      <p class="client-place">
        {domain === null ? words.sentTo : words.published} <bdi class="host">{placeOf(client)}</bdi>
        {domain === null || redirectHost === null || redirectHost === domain ? null : (
          <>
            , {words.alsoSentTo} <bdi class="host">{redirectHost}</bdi>
          </>
        )}{' '}
        <Tags client={client} />
      </p>
    </div>
  )
}

// The label is our own check of the address, so a client has that or "not verified", never both.
const Tags = ({ client: { domain, label, isLocalApp } }: { client: AccountClient }): JSX.Element => (
  <>
    {isLocalApp ? <span class="tag">{words.isLocal}</span> : null}{' '}
    {label === null ? null : <span class="tag">{words.listed(label)}</span>}{' '}
    {domain === null && label === null ? <span class="tag doubt">{words.unverified}</span> : null}
  </>
)

const placeOf = ({ domain, redirectHost }: AccountClient): string => domain ?? redirectHost ?? 'unknown'

function Grant({ grant, csrf }: { grant: LiveGrant; csrf: string }): JSX.Element {
  const { id, client, scopes, since, lastUsed, sessions } = grant
  return (
    <li class="grant" id={`grant-${id}`}>
      <div class="grant-facts">
        {scopes.length === 0 ? (
          <p>{words.nothingYet}</p>
        ) : (
          <ul class="grant-may" aria-label={words.may}>
            {scopes.map(({ sentence }) => (
              <li>{sentence}</li>
            ))}
          </ul>
        )}
        <p class="grant-use">
          {words.allowed} <Time at={since} />. {words.lastUsed} <Time at={lastUsed} />
          {words.sessions(sessions)}
        </p>
      </div>
      <form class="armed" method="post" action="/me/end">
        <Csrf value={csrf} />
        <button class="button ends" name="grant" value={id}>
          {words.end}
          <span class="unseen">
            {' '}
            {words.endOf} “<bdi>{client.name}</bdi>” {words.endAt} <bdi>{placeOf(client)}</bdi>,{' '}
            {words.endAllowed} <Time at={since} />
          </span>
        </button>
      </form>
    </li>
  )
}

export const Csrf = ({ value }: { value: string }): JSX.Element => (
  <input type="hidden" name="csrf" value={value} />
)

/** The ended grants that are shown before the user asks for more. */
const FIRST_EARLIER = 5

/** What has ended, newest first. `more`: the number of earlier ones that are not shown at all. */
export function EarlierGrants({
  ended,
  more,
}: {
  ended: readonly EndedGrant[]
  more: number
}): JSX.Element | null {
  if (ended.length === 0) return null
  const folded = ended.slice(FIRST_EARLIER)
  return (
    <section class="earlier" aria-labelledby="earlier">
      <h2 id="earlier">{words.earlier}</h2>
      <EarlierList ended={ended.slice(0, FIRST_EARLIER)} />
      {folded.length === 0 ? null : (
        <details class="earlier-more">
          <summary>{words.more(folded.length)}</summary>
          <EarlierList ended={folded} />
        </details>
      )}
      {more === 0 ? null : <p class="earlier-when">{words.older(more)}</p>}
    </section>
  )
}

const EarlierList = ({ ended }: { ended: readonly EndedGrant[] }): JSX.Element => (
  <ul>
    {ended.map(({ id, client, since, endedAt, why }) => (
      <li id={`grant-${id}`}>
        <p>
          “<bdi>{client.name}</bdi>” <bdi class="host">{placeOf(client)}</bdi>
        </p>
        <p>{why}</p>
        <p class="earlier-when">
          <Time at={since} /> to <Time at={endedAt} />
        </p>
      </li>
    ))}
  </ul>
)
