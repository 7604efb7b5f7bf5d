import {
  AuthorizationError,
  type AuthorizationErrorCode,
  CimdFetchError,
} from '@cloudflare/workers-oauth-provider'
import type { Config } from '#config.ts'
import { boundedText } from '#lib/bounded-text.ts'
import { newIncident } from '#lib/trace.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { MessagePage } from '#pages/message-page.tsx'
import { htmlAnswer } from '#pages/html-answer.ts'
import { isHttps } from './answers.tsx'
import { RequestDenial } from './check-request.ts'
import { errorRedirect } from './redirect-places.ts'

/**
 * What the library threw on our pages. It names a redirect only when client and redirect URI were checked; without
 * one the answer stays here (OAuth 2.1 §7.12.2). Anything else is a bug or an outage, and null.
 */
export function answerAuthorizationError(config: Config, error: unknown): Response | null {
  if (error instanceof AuthorizationError && error.redirectUri !== undefined) {
    log.info('authorize.refused', { code: error.code })
    const { redirectUri, state, issuer, code } = error
    const description = error instanceof RequestDenial ? error.description : wordsFor(code)
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
    const host = URL.canParse(error.metadataUrl) ? new URL(error.metadataUrl).host : 'not an address'
    log.warn('client.unreadable', {
      incident,
      host,
      reason: error.reason,
      detail: redacted(error.detail, 200),
    })
    return explain(config, 503, 'This app could not be checked', UNREADABLE, {
      incident,
      headers: new Headers({ 'Retry-After': '30' }),
      fact: { label: 'It is described at', value: boundedText(host, 260) },
    })
  }
  return null
}

/** Fixed words for each code: the library's sentences repeat input, and clients show them as ours. */
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
    case 'access_denied':
    case 'server_error':
    case 'temporarily_unavailable':
      return 'The request was refused'
    default:
      return code satisfies never
  }
}

const UNREADABLE =
  'This server could not read the page on the internet that says who the app is: it did not answer, or says something else. Try again later. Where this server has no way to that address, let the app register itself instead: for Codex, codex mcp login with --oauth-client-registration dcr; for others, docs/connect.md.'

const explain = (
  config: Config,
  status: number,
  title: string,
  sentence: string,
  {
    incident = null,
    headers,
    fact,
  }: { incident?: string | null; headers?: Headers; fact?: { label: string; value: string } } = {},
) =>
  htmlAnswer(
    <MessagePage
      title={title}
      sentence={sentence}
      next={null}
      retry={null}
      incident={incident}
      tone="problem"
      {...(fact === undefined ? {} : { fact })}
    />,
    { isHttps: isHttps(config), status, ...(headers === undefined ? {} : { headers }) },
  )
