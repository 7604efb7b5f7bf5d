import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { newIncident } from '#lib/trace.ts'
import type { CountDenial } from '#events/denial-count.ts'
import type { LimitAnswer } from '#limits/failures.ts'
import type { Switch } from '#policy/switches.ts'
import type { EndReason } from '#users/grants/grant.ts'

/** An error of `/token` or `/register`. The codes are of RFC 6749 §4.1.2.1 and §5.2, and of RFC 7591 §3.2.2. */
export interface OAuthDenial {
  status: 400 | 401 | 413 | 415 | 429 | 503
  code:
    | 'invalid_request'
    | 'invalid_client'
    | 'invalid_grant'
    | 'invalid_client_metadata'
    | 'invalid_redirect_uri'
    | 'temporarily_unavailable'
  description: string
  headers?: Readonly<Record<string, string>>
}

export const denial = (
  status: OAuthDenial['status'],
  code: OAuthDenial['code'],
  description: string,
  headers: Readonly<Record<string, string>> = {},
): OAuthDenial => ({ status, code, description, headers })

export const temporaryDenial = (
  status: 429 | 503,
  description: string,
  retryAfterSeconds: number,
): OAuthDenial =>
  denial(status, 'temporarily_unavailable', description, { 'Retry-After': String(retryAfterSeconds) })

/** Answers with the form and headers of the library's errors, so that a client cannot tell them apart. */
export const answerOAuthDenial = (
  request: Request | null,
  { status, code, description, headers }: OAuthDenial,
): Response =>
  Response.json(
    { error: code, error_description: description },
    { status, headers: { ...endpointHeaders(request), ...headers } },
  )

/** No cache stores the answer (RFC 6749 §5.1), and a client in a browser can read it. */
export function endpointHeaders(request: Request | null): Record<string, string> {
  const origin = request?.headers.get('Origin') ?? null
  const noStore = { 'Cache-Control': 'no-store', Pragma: 'no-cache' }
  if (origin === null) return noStore
  return {
    ...noStore,
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After',
    Vary: 'Origin',
  }
}

/** Answers 429 (RFC 6585 §4). OAuth has no code for it; this one means "later". `countDenial`: for too many failures. */
export const tooManyAt =
  (request: Request, countDenial?: CountDenial): LimitAnswer =>
  (waitSeconds) => {
    countDenial?.('network.limited')
    return answerOAuthDenial(
      request,
      temporaryDenial(429, 'Too many requests. Nothing was done. Try again later.', waitSeconds),
    )
  }

/** A user's object that failed restarts with the next message. */
export const RETRY_AFTER_SECONDS = 5

/** An operator has to correct the settings first. */
export const SETTINGS_RETRY_SECONDS = 30

/** The grant is valid and cannot be used now. RFC 7009 §2.2.1 allows 503 for a revocation too. */
export const retryLater = temporaryDenial(503, 'Nothing was lost. Try again later.', SETTINGS_RETRY_SECONDS)

const MOST_OFF_SECONDS = 300
const OFF_SECONDS = 60

/** When to ask again about what an operator has switched off: the end of the switch may come earlier. */
export const switchedOffSeconds = ({ untilMs }: Pick<Switch, 'untilMs'>, nowMs: number): number =>
  untilMs === null
    ? OFF_SECONDS
    : Math.min(Math.max(Math.ceil((untilMs - nowMs) / 1000), 1), MOST_OFF_SECONDS)

/** An operator has switched this off: nothing is used up, and the same request works once it is on again. */
export const switchedOffDenial = (off: Pick<Switch, 'says' | 'untilMs'>, nowMs: number): OAuthDenial =>
  temporaryDenial(
    503,
    `An operator of this server has switched this off: ${inDescription(off.says)} Nothing was lost. Try again later`,
    switchedOffSeconds(off, nowMs),
  )

/** RFC 6749 §5.2: printable ASCII without quotes and backslashes. */
const inDescription = (text: string): string =>
  text
    .replaceAll(/[“”"]/g, "'")
    .replaceAll('’', "'")
    .replaceAll(/[^ -~]|\\/g, '?')

/** Logs that storage failed. The client reads only that it should retry. */
export function reportOutage(at: 'token' | 'register' | 'bearer', error: unknown): void {
  const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
  log.error('storage.unavailable', { incident: newIncident(), at, detail })
}

/** Answers an outage at `/token` or `/register` in OAuth's form: a client cannot read a page (invariant 10). */
export async function orUnavailable(
  at: 'token' | 'register',
  request: Request,
  answer: () => Promise<Response>,
): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    reportOutage(at, error)
    return answerOAuthDenial(
      request,
      temporaryDenial(503, 'Nothing was lost. Try again.', RETRY_AFTER_SECONDS),
    )
  }
}

/** Descriptions by the library's reason, where the reason helps the developer of a client. */
const REASONS: Readonly<Record<string, string>> = {
  method_not_allowed: 'Only POST is allowed',
  client_id_missing: 'client_id is missing',
  client_not_found: 'This client is not registered here',
  multiple_authentication_methods: 'The client must authenticate in one way only',
  malformed_basic_credentials: 'The Basic credentials cannot be read',
  token_endpoint_auth_method_mismatch: 'The client authenticates in another way than it registered',
  client_secret_missing: 'client_secret is missing',
  code_missing: 'code is missing',
  refresh_token_missing: 'refresh_token is missing',
  redirect_uri_invalid: 'redirect_uri is not one of this client',
  redirect_uri_mismatch: 'redirect_uri is not the one of the authorization request',
  code_verifier_missing: 'code_verifier is missing',
  code_verifier_mismatch: 'code_verifier does not fit code_challenge',
  json_malformed: 'The body must be a JSON object',
  metadata_invalid:
    'A field of this registration is not valid. Supported are grant_types authorization_code and refresh_token, ' +
    'response_types code, and token_endpoint_auth_method none, client_secret_basic and client_secret_post',
}

const CODES: Readonly<Record<string, string>> = {
  invalid_request: 'A parameter is missing or not valid',
  invalid_client: 'The client could not be authenticated',
  invalid_grant: 'This code or token is not valid',
  invalid_scope: 'None of these scopes is granted',
  invalid_target: 'resource must be the address of this MCP server',
  unauthorized_client: 'The client is not registered for this grant type',
  unsupported_grant_type: 'grant_type must be authorization_code or refresh_token',
  invalid_client_metadata: 'This registration is not valid',
  temporarily_unavailable: 'Nothing was lost. Try again',
}

/** Fixed descriptions for the library's errors: its own may repeat input, and clients show them as ours. */
export const describeLibraryError = (code: string, reason: string): string =>
  (Object.hasOwn(REASONS, reason) ? REASONS[reason] : Object.hasOwn(CODES, code) ? CODES[code] : undefined) ??
  'The request was refused'

/**
 * The end of a grant, for its client at `/token` and `/mcp`. Many clients show it to the user unchanged. ASCII without
 * quotes and backslashes, which RFC 6749 §5.2 excludes from an `error_description`.
 */
export function endedDescription(reason: EndReason, mostGrants: number): string {
  return `This access has ended: ${endedBecause(reason, mostGrants)}`
}

function endedBecause(reason: EndReason, mostGrants: number): string {
  switch (reason) {
    case 'revoked_by_client':
      return 'the client revoked it'
    case 'code_reused':
      return 'its authorization code was presented a second time'
    case 'code_not_redeemed':
      return 'its authorization code was not redeemed in time'
    case 'refresh_reused':
      return 'an old refresh token was presented again, which can be theft'
    case 'pingone_ended':
      return 'the session at PingOne is over'
    case 'downstream_expired':
      return 'PingOne gave access for a limited time only, and that is over'
    case 'idle':
      return 'it was not used for too long'
    case 'too_old':
      return 'it reached the longest life that this server allows'
    case 'refreshed_too_often':
      return 'it was refreshed more often than one access may be'
    case 'cap':
      return `more than ${mostGrants} connections of this user; the one unused the longest was ended`
    case 'key_retired':
      return 'this server no longer uses the key that it was encrypted with'
    case 'claims_too_old':
      return 'a rule of this server needs newer facts about the user, and PingOne gave no way to renew them'
    case 'ended_by_user':
      return 'the user ended it'
    case 'ended_by_operator':
      return 'the operator of this server ended it'
    case 'blocked':
      return 'the operator of this server blocked this user'
    default:
      return reason satisfies never
  }
}
