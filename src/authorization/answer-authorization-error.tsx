import { AuthorizationError, CimdFetchError } from '@cloudflare/workers-oauth-provider'
import type { Config } from '../config.ts'
import { newIncident } from '../lib/incident.ts'
import { log } from '../lib/log.ts'
import { MessagePage } from '../pages/message-page.tsx'
import { htmlAnswer } from '../pages/html-answer.ts'
import { isHttps } from './answers.tsx'

/**
 * What the library threw on our pages. It names a redirect only when client and redirect URI were checked; without
 * one the answer stays here (OAuth 2.1 §7.12.2). Anything else is a bug or an outage, and null.
 */
export function answerAuthorizationError(config: Config, error: unknown): Response | null {
  if (error instanceof AuthorizationError && error.redirectTo !== undefined) {
    log.info('authorize.refused', { code: error.code })
    return new Response(null, {
      status: 302,
      headers: { Location: error.redirectTo, 'Cache-Control': 'no-store' },
    })
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
