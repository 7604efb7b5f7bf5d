import { inForce, upstreamScopes } from '#authorization/scopes.ts'
import { product } from '#harness/local/chosen-product.ts'
import { randomUUID } from 'node:crypto'
import type { Config } from '#config.ts'
import { boundedFetch, type Fetch } from '#lib/bounded-fetch.ts'
import { loggedErrorCode } from '#lib/redacted.ts'
import { makePingOne } from '#pingone/client.ts'
import { namesNoPolicy, POLICY_NOT_FOUND } from '#pingone/failures.ts'
import { type Finding, note, ok, problem } from './finding.ts'

const DEADLINE_MS = 8000
const LIMITS = { deadlineMs: DEADLINE_MS, maxBytes: 1024 * 1024 }

/** A login request that is never completed. */
interface Login {
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly extraScopes: readonly string[]
  readonly policy: string
}

/** PingOne's answer to a login request. */
type Outcome =
  /** The request is valid; only a user is missing. */
  | { kind: 'accepted' }
  /** An OAuth error code, from the redirect or from the answer to a pushed request. */
  | { kind: 'refused'; code: string; isPushed: boolean }
  /** PingOne refuses this redirect URI. */
  | { kind: 'page'; status: number }
  | { kind: 'unavailable'; detail: string }

// OpenID Connect Core §3.1.2.6: the answer to prompt=none without a signed-in user.
const NEEDS_A_USER = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]

/**
 * Starts a login for each redirect URI and flow policy, with prompt=none and without a browser. PingOne checks redirect
 * URI, scopes and policy before it looks for a user, so nobody is signed in.
 */
export async function checkLogins(config: Config, fetch: Fetch): Promise<readonly Finding[]> {
  const { api, pingone, publicOrigin } = config
  const { extraScopes } = pingone
  const [policy, ...others] = pingone.policyIds
  const names = api.scopes.map(({ value }) => value)
  const scopes = upstreamScopes(inForce(names, config), api)
  const redirectUri = `${publicOrigin}/callback`
  const login = { redirectUri, scopes, extraScopes, policy }
  const begin = (different: Partial<Login> = {}) => beginLogin(config, fetch, { ...login, ...different })

  const first = await begin()
  if (first.kind === 'unavailable') return [judge(first, login, 'PINGONE_DV_POLICY_ID')]
  const findings: Finding[] = []
  if (isRefusedFor(first, 'invalid_scope')) {
    const outcomes = await Promise.all(
      [...scopes, ...extraScopes].map(async (scope) => {
        const alone = await begin({ scopes: [scope], extraScopes: [] })
        return isRefusedFor(alone, 'invalid_scope') ? [notGranted(scope, config)] : []
      }),
    )
    findings.push(...(outcomes.flat().length > 0 ? outcomes.flat() : [problem(COMBINATION_DENIED)]))
  } else findings.push(judge(first, login, 'PINGONE_DV_POLICY_ID'))

  // The sign-in to our own pages requests no API scope. A problem that both logins share is reported once.
  const ownPages = { ...login, redirectUri: `${publicOrigin}/signed-in`, scopes: [] }
  const second = await begin(ownPages)
  const finding = judge(second, ownPages, 'PINGONE_DV_POLICY_ID')
  const isSaid =
    second.kind === 'refused' &&
    isRefusedFor(first, second.code) &&
    (second.code === 'invalid_scope' || findings.some(({ text }) => text === finding.text))
  if (!isSaid) findings.push(finding)

  for (const [at, other] of others.entries()) {
    const outcome = await begin({ policy: other, scopes: [], extraScopes: [] })
    if (isRefusedFor(outcome, POLICY_NOT_FOUND))
      findings.push(judge(outcome, login, `policy ${at + 2} in PINGONE_DV_POLICY_ID`))
  }
  return findings
}

const isRefusedFor = (outcome: Outcome, code: string): boolean =>
  outcome.kind === 'refused' && outcome.code === code

async function beginLogin(
  { pingone: settings, api }: Config,
  fetch: Fetch,
  { redirectUri, scopes, extraScopes, policy }: Login,
): Promise<Outcome> {
  const pingone = makePingOne(
    { ...settings, policyIds: [policy], extraScopes, apiIdentifier: api.identifier, deadlineMs: DEADLINE_MS },
    { fetch, now: () => Math.floor(Date.now() / 1000) },
  )
  const secrets = pingone.newLoginSecrets()
  const url = await pingone.authorizationUrl({ redirectUri, state: randomUUID(), secrets, scopes })
  if (!url.ok) {
    const { reason, detail } = url.error
    return reason === 'unavailable'
      ? { kind: 'unavailable', detail }
      : { kind: 'refused', code: detail, isPushed: true }
  }
  // With a pushed request PingOne may ignore prompt=none and start a flow that nobody continues.
  url.value.searchParams.set('prompt', 'none')
  try {
    return readAnswer(await boundedFetch(fetch, new Request(url.value), LIMITS), url.value, redirectUri)
  } catch (error) {
    return { kind: 'unavailable', detail: error instanceof Error ? error.name : 'no answer' }
  }
}

function readAnswer({ status, headers }: Response, asked: URL, redirectUri: string): Outcome {
  if (status >= 500 || status === 429) return { kind: 'unavailable', detail: `status ${status}` }
  const location = headers.get('location')
  if (status < 300 || status >= 400 || location === null || !URL.canParse(location, asked))
    return { kind: 'page', status }
  const { origin, pathname, searchParams } = new URL(location, asked)
  const error = searchParams.get('error')
  if (`${origin}${pathname}` !== redirectUri) {
    // A page of PingOne: its flow or an error page.
    return error === null ? { kind: 'accepted' } : { kind: 'page', status }
  }
  const refused = (code: string): Outcome => ({ kind: 'refused', code, isPushed: false })
  if (error === null) return refused('a code without a user')
  if (namesNoPolicy(searchParams.get('error_description'))) return refused(POLICY_NOT_FOUND)
  if (NEEDS_A_USER.includes(error)) return { kind: 'accepted' }
  if (error === 'temporarily_unavailable' || error === 'server_error')
    return { kind: 'unavailable', detail: error }
  return refused(loggedErrorCode(error))
}

/** Explains the outcome to the operator; `policies` says where the policy is configured. */
function judge(outcome: Outcome, { redirectUri, scopes }: Login, policies: string): Finding {
  switch (outcome.kind) {
    case 'accepted':
      return ok(
        `PingOne begins a login for ${redirectUri}${scopes.length === 0 ? '' : `, with ${scopes.join(' ')}`}`,
      )
    case 'page':
      return problem(
        `PingOne sends nobody back to ${redirectUri} (it answers with a page, status ${outcome.status}): add exactly ` +
          'this address to the redirect URIs of the application, and see that the application is enabled',
      )
    case 'unavailable':
      return problem(`no login can begin (${outcome.detail}): PingOne does not answer. Try again later`)
    case 'refused':
      // An error that returns by redirect proves the redirect URI; an error of a pushed request does not.
      return problem(describeError(outcome.code, policies, outcome.isPushed ? redirectUri : null))
    default:
      return outcome satisfies never
  }
}

/** `doubtful`: PingOne may not know this redirect URI. */
function describeError(code: string, policies: string, doubtful: string | null): string {
  switch (code) {
    case POLICY_NOT_FOUND:
      return (
        `PingOne does not find the flow policy: ${policies} has to be the id of a policy that exists and is assigned ` +
        'to the application (Policies, DaVinci policies). A policy that was made again has another id'
      )
    case 'invalid_scope':
      return 'PingOne refuses openid, profile or email: grant them to the application'
    case 'unauthorized_client':
    case 'unsupported_response_type':
      return (
        `PingOne gives this application no code (${code}): switch the response type Code and the grant type ` +
        'Authorization Code on at the application'
      )
    case 'access_denied':
      return (
        'PingOne refuses the login before anyone has signed in (access_denied): look at the access control of the ' +
        'application and at the beginning of the flow'
      )
    case 'a code without a user':
      return 'PingOne gave a code although nobody signed in: this is not PingOne, or its flow asks for no sign-on'
    case 'invalid_client':
      return 'PingOne refuses our authentication for a pushed request (invalid_client): see the line about it'
    default:
      return (
        `PingOne refuses the login (${code}): most often ` +
        (doubtful === null ? '' : `${doubtful} is not a redirect URI of the application, or `) +
        `${policies} is no flow policy of it. Compare both with docs/run.md`
      )
  }
}

const COMBINATION_DENIED =
  'PingOne refuses the scopes of a login together, and none of them alone (invalid_scope): they belong to several ' +
  'resources. Take scopes of one resource; if PINGONE_SEND_RESOURCE is on, switch it off'

function notGranted(scope: string, { api, pingone }: Config): Finding {
  const offered = api.scopes.find(({ upstream }) => upstream === scope)
  const setting = product.scopes.find(({ name }) => name === offered?.value)?.setting
  const name = setting ?? (pingone.extraScopes.includes(scope) ? 'PINGONE_EXTRA_SCOPES' : 'the settings')
  return problem(
    `PingOne does not grant the scope ${scope} to this application (invalid_scope): grant it there, or correct ${name}`,
  )
}

/** Facts that no request without a user can verify. */
export const loginNotes = ({ isAccepted }: { isAccepted: boolean }): readonly Finding[] => [
  note(
    'not checked: API_IDENTIFIER. It has to be the audience of the resource that has the scopes, letter by letter; ' +
      'only a token shows it. If it is not, every login is refused, and the log says login.refused, not_trusted, aud',
  ),
  note(
    'not checked: whether the flow works, is deployed, and asks for consent. ' +
      (isAccepted ? 'PingOne accepts the request for it; sign in' : 'When the problems are solved, sign in') +
      ' once, and look for login.refused in the log',
  ),
]
