import type { BadSettings } from '#config.ts'
import { isLoopbackHost } from '#lib/addresses.ts'
import { log } from '#lib/log.ts'
import { newIncident } from '#lib/trace.ts'
import { htmlAnswer } from './html-answer.ts'
import { LockedPage } from './locked-page.tsx'
import { MessagePage } from './message-page.tsx'

const MAX_STACK_CHARACTERS = 2000

/** The last catch of every page: users see an incident id only, the log has the cause. */
export function answerError(request: Request, error: unknown): Response {
  const incident = newIncident()
  const cause = error instanceof Error ? (error.stack ?? error.message) : 'not an Error'
  const { pathname, protocol } = new URL(request.url)
  log.error('request.failed', { incident, path: pathname, cause: cause.slice(0, MAX_STACK_CHARACTERS) })
  const page = (
    <MessagePage
      title="Something went wrong here"
      sentence="Nothing you did caused this. Try again; if it stays, tell the operator of this server."
      next={null}
      retry={null}
      incident={incident}
      tone="problem"
    />
  )
  const headers = new Headers({ 'Retry-After': '30' })
  return htmlAnswer(page, { isHttps: protocol === 'https:', status: 503, headers })
}

/**
 * Replaces the OAuth library's empty 404 by a page for users who followed a link. Clients that look for a metadata
 * document keep the empty answer.
 */
export function answerNotFound(request: Request, answer: Response): Response {
  const isUser = request.method === 'GET' && request.headers.get('Accept')?.includes('text/html') === true
  if (answer.status !== 404 || !isUser) return answer
  const { protocol } = new URL(request.url)
  const page = (
    <MessagePage
      title="There is no page here"
      sentence="The address may be incomplete or out of date."
      next={{ label: 'How to connect', href: '/' }}
      retry={null}
      incident={null}
      tone="problem"
    />
  )
  return htmlAnswer(page, { isHttps: protocol === 'https:', status: 404 })
}

/** Replaces a page's answer for a network over its limit. */
export function answerTooMany(request: Request, waitSeconds: number): Response {
  const page = (
    <MessagePage
      title="Too many attempts"
      sentence="Too much that does not work came from this network. Wait a minute, then start again in your app."
      next={null}
      retry={null}
      incident={null}
      tone="problem"
    />
  )
  const headers = new Headers({ 'Retry-After': String(waitSeconds) })
  const isHttps = new URL(request.url).protocol === 'https:'
  return htmlAnswer(page, { isHttps, status: 429, headers })
}

/** Answers every request while settings are invalid. The log names them; the page does so on loopback only. */
export function answerBadSettings(request: Request, bad: BadSettings): Response {
  const url = new URL(request.url)
  log.error('settings.refused', { problems: bad.problems, docs: 'docs/configuration.md' })
  const options = {
    isHttps: url.protocol === 'https:',
    status: 503,
    headers: new Headers({ 'Retry-After': '60' }),
  }
  if (bad.isEmpty) return htmlAnswer(<LockedPage />, options)
  const list = bad.problems.map(({ name, problem }) => `${name} ${problem}`).join('; ')
  const sentence = isLoopbackHost(url.hostname)
    ? `${list}. What each setting means is in docs/configuration.md.`
    : 'Its settings are not complete. Its operator finds what is missing in its log.'
  const page = (
    <MessagePage
      title="This server is not set up"
      sentence={sentence}
      next={null}
      retry={null}
      incident={null}
      tone="problem"
    />
  )
  return htmlAnswer(page, options)
}
