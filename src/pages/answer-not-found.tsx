import { htmlAnswer } from './html-answer.ts'
import { MessagePage } from './message-page.tsx'

/**
 * The OAuth library answers an unknown path with an empty 404, which is right for a client that looks for a document
 * of ours. A user who followed a link gets a page instead.
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
