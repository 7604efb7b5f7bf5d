import { randomUUID } from 'node:crypto'
import type { Config } from '#config.ts'
import { boundedFetch, type Fetch } from '#lib/bounded-fetch.ts'
import { loggedErrorCode } from '#lib/redacted.ts'
import { makePingOne } from '#pingone/client.ts'
import { namesNoPolicy, POLICY_NOT_FOUND } from '#pingone/failures.ts'

const DEADLINE_MS = 8000
const LIMITS = { deadlineMs: DEADLINE_MS, maxBytes: 1024 * 1024 }

/** A login request that is never completed. */
export interface Login {
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly extraScopes: readonly string[]
  readonly policy: string
  readonly sendResource: boolean
  /** Whether it is pushed (RFC 9126). */
  readonly par: boolean
}

/** PingOne's answer to a login request. */
export type Outcome =
  /** The request is valid; only a user is missing. */
  | { kind: 'accepted' }
  /** An OAuth error code, from the redirect or from the answer to a pushed request. */
  | { kind: 'refused'; code: string; isPushed: boolean }
  /** PingOne refuses this redirect URI. */
  | { kind: 'page'; status: number }
  | { kind: 'unavailable'; detail: string; isPushed: boolean }

export const CODE_WITHOUT_USER = 'a code without a user'

// OpenID Connect Core §3.1.2.6: the answer to prompt=none without a signed-in user.
const NEEDS_A_USER = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]

/** Sends one login request as the server would, with prompt=none. */
export async function beginLogin(
  { pingone: settings, api }: Config,
  fetch: Fetch,
  { redirectUri, scopes, policy, ...different }: Login,
): Promise<Outcome> {
  const pingone = makePingOne(
    {
      ...settings,
      ...different,
      policyIds: [policy],
      apiIdentifier: api.identifier,
      deadlineMs: DEADLINE_MS,
    },
    { fetch, now: () => Math.floor(Date.now() / 1000) },
  )
  const secrets = pingone.newLoginSecrets()
  const url = await pingone.authorizationUrl({ redirectUri, state: randomUUID(), secrets, scopes })
  if (!url.ok) {
    const { reason, detail } = url.error
    return reason === 'unavailable'
      ? { kind: 'unavailable', detail, isPushed: different.par }
      : { kind: 'refused', code: detail, isPushed: true }
  }
  // With a pushed request PingOne may ignore prompt=none and start a flow that nobody continues.
  url.value.searchParams.set('prompt', 'none')
  try {
    return readAnswer(await boundedFetch(fetch, new Request(url.value), LIMITS), url.value, redirectUri)
  } catch (error) {
    return unavailable(error instanceof Error ? error.name : 'no answer')
  }
}

const unavailable = (detail: string): Outcome => ({ kind: 'unavailable', detail, isPushed: false })

function readAnswer({ status, headers }: Response, asked: URL, redirectUri: string): Outcome {
  if (status >= 500 || status === 429) return unavailable(`status ${status}`)
  const location = headers.get('location')
  // An endpoint for browsers refuses a redirect URI with a page.
  if (headers.get('content-type')?.startsWith('application/json') === true)
    return unavailable(`JSON instead of a page, status ${status}`)
  if (status < 300 || status >= 400 || location === null || !URL.canParse(location, asked))
    return { kind: 'page', status }
  const { origin, pathname, searchParams } = new URL(location, asked)
  const error = searchParams.get('error')
  if (`${origin}${pathname}` !== redirectUri) {
    // A page of PingOne: its flow or an error page.
    return error === null ? { kind: 'accepted' } : { kind: 'page', status }
  }
  const refused = (code: string): Outcome => ({ kind: 'refused', code, isPushed: false })
  if (error === null) return refused(CODE_WITHOUT_USER)
  if (namesNoPolicy(searchParams.get('error_description'))) return refused(POLICY_NOT_FOUND)
  if (NEEDS_A_USER.includes(error)) return { kind: 'accepted' }
  if (error === 'temporarily_unavailable' || error === 'server_error') return unavailable(error)
  return refused(loggedErrorCode(error))
}
