import { newIncident } from '#lib/trace.ts'
import { log } from '#lib/log.ts'
import { htmlAnswer } from './html-answer.ts'
import { MessagePage } from './message-page.tsx'

const MAX_STACK_CHARACTERS = 2000

/** The last catch of every page: outside one sees an incident id and nothing else, the log has the cause. */
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
