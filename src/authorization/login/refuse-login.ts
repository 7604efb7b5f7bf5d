import {
  AuthorizationError,
  type AuthorizationErrorCode,
  type AuthRequest,
  CimdFetchError,
} from '@cloudflare/workers-oauth-provider'
import type { Config } from '#config.ts'
import type { CountDenial } from '#events/denial-count.ts'
import { boundedText } from '#lib/bounded-text.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { newIncident } from '#lib/trace.ts'
import { AGAIN, loginMessages } from '#pages/connect-messages.ts'
import { continueAnswer, messageAnswer } from './answers.tsx'
import { answerDenial, type LoginDenial, type OutageAnswer } from './denials.ts'
import { bindToBrowser, type LoginDeps } from './login-state.ts'
import { errorRedirect } from './redirect-uri.ts'

/** Ends a login that the user approved: an error for the client, or a page with "Try again". */
export async function refuseLogin(
  { config, oauth, countDenial }: LoginDeps,
  headers: Headers,
  login: {
    approved: AuthRequest
    denial: LoginDenial
    /** A page after one of our forms (pages/continue-page.tsx), else a redirect. */
    leaving: 'page' | 'redirect'
    /** For the log: the correlation id in PingOne's response, and our own id. */
    facts?: { correlation: string | undefined; transaction: string }
  },
): Promise<Response> {
  const { approved, denial, leaving, facts } = login
  if (denial.reason !== 'blocked' && denial.reason !== 'policy') countDenial(`login.${denial.reason}`)
  const incident = reportDenial(denial, { client: approved.clientId, ...facts })
  const answer = answerDenial(denial)
  if (answer.to === 'client') {
    const to = errorRedirect(approved, answer.code, answer.description)
    if (leaving === 'page') return continueAnswer(config, to, 'client', headers)
    headers.set('Location', to)
    return new Response(null, { status: 302, headers })
  }
  if (answer.to === 'user-and-client') {
    const next = { label: AGAIN.leave, href: errorRedirect(approved, answer.code, answer.description) }
    return messageAnswer(config, { ...answer.page, next, incident }, { status: 403, headers })
  }
  // The first handle is consumed. The new one covers what the user approved and no more.
  const { bound, cookie } = await bindToBrowser(approved)
  const again = await oauth.beginConsent(bound)
  headers.append('Set-Cookie', cookie)
  for (const cookie of again.headers.getSetCookie()) headers.append('Set-Cookie', cookie)
  return outagePage(config, answer, { handle: again.handle, scopes: approved.scope, incident }, headers)
}

/** Answers a login of a client that an operator blocked: a page, and no grant. PingOne's code is not redeemed. */
export function refuseBlockedClient(
  client: string,
  headers: Headers,
  { config, countDenial }: Pick<LoginDeps, 'config' | 'countDenial'>,
): Response {
  countDenial('client.not-admitted')
  const incident = newIncident()
  log.warn('client.blocked', { incident, client: redacted(client, 200) })
  return messageAnswer(config, { ...loginMessages.blockedClient, incident }, { status: 403, headers })
}

/** Logs a denial. Returns the incident id, which the page shows too. */
export function reportDenial(
  { reason, detail }: LoginDenial,
  facts: Readonly<Record<string, string | undefined>> = {},
): string {
  const incident = newIncident()
  // Decision 7: what only an operator can correct is an error, not a warning.
  const isForOperator = ['misconfigured', 'oversized', 'broken'].includes(reason)
  if (isForOperator) log.error('login.refused', { incident, reason, detail, ...facts })
  else log.warn('login.refused', { incident, reason, detail, ...facts })
  return incident
}

/** Sends the consent form again, with a valid handle. Its second button returns to the client. */
export function outagePage(
  config: Config,
  { status, title, sentence, retryAfterSeconds }: OutageAnswer,
  { handle, scopes, incident }: { handle: string; scopes: readonly string[]; incident: string },
  headers = new Headers(),
): Response {
  headers.set('Retry-After', String(retryAfterSeconds))
  const fields = [{ name: 'handle', value: handle }, ...scopes.map((value) => ({ name: 'scope', value }))]
  const buttons = [
    { label: AGAIN.retry, name: 'decision', value: 'approve' },
    { label: AGAIN.leave, name: 'decision', value: 'leave' },
  ]
  const retry = { action: '/authorize', fields, buttons }
  return messageAnswer(config, { title, sentence, retry, incident }, { status, headers })
}

/** A denial in our own words, which may reach the client. The library's descriptions repeat input. */
export class RequestDenial extends AuthorizationError {}

/**
 * Answers an error that the library threw on our pages; null for a bug or an outage. The error has a redirect URI only
 * if client and redirect URI are valid; without one the answer is a page (OAuth 2.1 §7.12.2).
 */
export function answerAuthorizationError(
  config: Config,
  error: unknown,
  countDenial: CountDenial,
): Response | null {
  if (error instanceof AuthorizationError) countDenial('authorize.invalid')
  if (error instanceof CimdFetchError) countDenial('client.unreadable')
  if (error instanceof AuthorizationError && error.redirectUri !== undefined) {
    log.info('authorize.refused', { code: error.code })
    const { redirectUri, state, issuer, code } = error
    const description = error instanceof RequestDenial ? error.description : describe(code)
    const to = errorRedirect({ redirectUri, state, issuer }, code, description)
    return new Response(null, { status: 302, headers: { Location: to, 'Cache-Control': 'no-store' } })
  }
  if (error instanceof AuthorizationError) {
    log.info('authorize.refused', { code: error.code, cause: error.description })
    return messageAnswer(config, loginMessages.deadLink, { status: 400 })
  }
  if (error instanceof CimdFetchError) {
    const incident = newIncident()
    const { metadataUrl, reason } = error
    const host = URL.canParse(metadataUrl) ? new URL(metadataUrl).host : 'not an address'
    log.warn('client.unreadable', { incident, host, reason, detail: redacted(error.detail, 200) })
    const fact = { label: loginMessages.describedAt, value: boundedText(host, 260) }
    const headers = new Headers({ 'Retry-After': '30' })
    return messageAnswer(config, { ...loginMessages.unreadable, incident, fact }, { status: 503, headers })
  }
  return null
}

/** Fixed descriptions: the library's repeat input, and clients show them as ours. */
function describe(code: AuthorizationErrorCode): string {
  switch (code) {
    case 'invalid_request':
      return 'A parameter is missing or not valid. response_type code and PKCE with S256 are required'
    case 'unsupported_response_type':
      return 'response_type must be code'
    case 'unauthorized_client':
      return 'This client is not registered for response_type code'
    case 'invalid_target':
      return 'resource must be the address of this MCP server'
    case 'invalid_scope':
      return 'The scope is not valid'
    case 'access_denied':
    case 'server_error':
    case 'temporarily_unavailable':
      return 'The request was refused'
    default:
      return code satisfies never
  }
}
