import { htmlAnswer } from './html-answer.ts'
import { MessagePage } from './message-page.tsx'

/** In the place of a page that would have said no once more. */
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
