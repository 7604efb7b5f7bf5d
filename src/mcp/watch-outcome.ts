import { mapEvents } from './clean-answer.ts'
import { noteAnswer, type RequestLine } from './request-log.ts'

/** Notes the outcome of a call or read on the line of its request; a stream's line is written when the stream ends. */
export async function watchOutcome(response: Response, line: RequestLine): Promise<Response> {
  const { body, headers } = response
  if (body === null || response.status !== 200) return response
  if (headers.get('content-type') !== 'text/event-stream') {
    const text = await response.text()
    noteAnswer(line, parsed(text))
    return new Response(text, response)
  }
  let isAnswered = false
  line.hold()
  const note = (text: string) => {
    if (noteAnswer(line, parsed(text))) isAnswered = true
    return text
  }
  const over = () => {
    if (!isAnswered) line.note({ outcome: 'cut' })
    line.release()
  }
  return new Response(mapEvents(body, note, over), response)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
