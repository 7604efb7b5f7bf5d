import {
  AuthorizationError,
  type AuthorizationErrorCode,
  CimdFetchError,
} from '@cloudflare/workers-oauth-provider'
import type { Config } from '../config.ts'
import { newIncident } from '../lib/incident.ts'
import { log } from '../lib/log.ts'
import { MessagePage } from '../pages/message-page.tsx'
import { htmlAnswer } from '../pages/html-answer.ts'
import { isHttps } from './answers.tsx'
import { RequestRefusal } from './check-request.ts'
import { errorRedirect } from './redirect-places.ts'

/**
 * What the library threw on our pages. It names a redirect only when client and redirect URI were checked; without
 * one the answer stays here (OAuth 2.1 §7.12.2). Anything else is a bug or an outage, and null.
 */
export function answerAuthorizationError(config: Config, error: unknown): Response | null {
  if (error instanceof AuthorizationError && error.redirectUri !== undefined) {
    log.info('authorize.refused', { code: error.code })
    const { redirectUri, state, issuer, code } = error
    const description = error instanceof RequestRefusal ? error.description : wordsFor(code)
    const home = errorRedirect({ redirectUri, state, issuer }, code, description)
    return new Response(null, { status: 302, headers: { Location: home, 'Cache-Control': 'no-store' } })
  }
  if (error instanceof AuthorizationError) {
    log.info('authorize.refused', { code: error.code, cause: error.description })
    return explain(
      config,
      400,
      'This link does not work',
      'It is not complete, was used already, is too old, or was opened in another browser. Start again from your app.',
    )
  }
  if (error instanceof CimdFetchError) {
    const incident = newIncident()
    log.warn('client.unreadable', { incident, reason: error.reason, detail: error.detail.slice(0, 200) })
    return explain(
      config,
      503,
      'This app could not be checked',
      'The page that says who it is did not answer, or says something else. Try again later.',
      { incident, headers: new Headers({ 'Retry-After': '30' }) },
    )
  }
  return null
}

/** Fixed words for each code: the library's repeat what was sent, and a client shows them as ours. */
function wordsFor(code: AuthorizationErrorCode): string {
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
    default:
      return 'The request was refused'
  }
}

const explain = (
  config: Config,
  status: number,
  title: string,
  sentence: string,
  { incident = null, headers }: { incident?: string | null; headers?: Headers } = {},
) =>
  htmlAnswer(
    <MessagePage
      title={title}
      sentence={sentence}
      next={null}
      retry={null}
      incident={incident}
      tone="problem"
    />,
    { isHttps: isHttps(config), status, ...(headers === undefined ? {} : { headers }) },
  )
