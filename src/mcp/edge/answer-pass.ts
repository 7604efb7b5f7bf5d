import { cleanError } from '../json-rpc-error.ts'
import { parsedJson } from './read-message.ts'
import { noteAnswer, report, type RequestLine } from './request-log.ts'

/** The internal id of a request and the id that its client sent. */
export interface IdMapping {
  internal: string
  external: string | number
}

/** The access token that opened a stream. */
export interface StreamToken {
  endsAtSeconds: number
  nowSeconds: () => number
  /** Asks the user's object whether the token is still valid. */
  isAlive: () => Promise<boolean>
  checkMs: number
}

/**
 * How often an open stream checks its access token. Below the minute of invariant 3; each check wakes the user's object
 * only briefly.
 */
export const STREAM_CHECK_MS = 45_000

/** What happens to an answer of a transport on its way to the client. */
export interface AnswerPass {
  token: StreamToken
  /** null: the transport has the client's id. */
  ids: IdMapping | null
  /** The line that notes the outcome of a call or read; null for other messages. */
  line: RequestLine | null
  /** The answer to a request whose transport ends without one; null: it cannot. */
  lost: { response: () => Response; event: () => string } | null
}

/** Ends the stream of a cancelled request: a comment, which clients skip. */
export const CANCELLED = ': cancelled'

/** Lines of a stream end with a line feed only; U+2028 is ordinary text. */
const DATA = /(^|\n)data: ([^\n]*)/

/** The data of an event; for any other answer, the whole text. */
export const dataOf = (text: string): string => DATA.exec(text)?.[2] ?? text

/**
 * Passes an answer on in one pass: the client's id, our words for errors (invariant 9), the outcome for the log, an answer
 * for a request that has none, and the end of a stream with its access token (invariant 3).
 */
export async function passAnswer(response: Response, pass: AnswerPass): Promise<Response> {
  const { status, body, headers } = response
  if (body === null) return response
  const messages = readMessages(status, pass)
  if (headers.get('content-type') !== 'text/event-stream') {
    const ours = new Headers(headers)
    // The session library sends its errors as plain text.
    ours.set('content-type', 'application/json')
    ours.delete('content-length')
    return new Response(messages.read(await response.text()), { status, headers: ours })
  }
  const reader = body.getReader()
  const first = pass.lost === null ? undefined : await nextOf(reader)
  if (pass.lost !== null && first === undefined) return pass.lost.response()
  pass.line?.hold()
  return new Response(passEvents(reader, pass, messages, first), response)
}

/** Ends a listening stream with its access token. Its messages answer no request and pass unchanged. */
export function passListening(response: Response, token: StreamToken): Response {
  if (response.body === null || response.headers.get('content-type') !== 'text/event-stream') return response
  const same = { read: (text: string) => text, end: () => null }
  return new Response(passEvents(response.body.getReader(), { token, lost: null }, same), response)
}

interface Messages {
  /** Maps the text of one message. */
  read: (text: string) => string
  /** After the messages of a stream; returns an event to append. */
  end: () => string | null
}

function readMessages(status: number, { ids, line, lost }: AnswerPass): Messages {
  let isAnswered = false
  return {
    read(text) {
      if (text === CANCELLED) {
        isAnswered = true
        return text
      }
      const named =
        ids === null
          ? text
          : text.replace(`"id":${JSON.stringify(ids.internal)}`, () => `"id":${JSON.stringify(ids.external)}`)
      const hasError = named.includes('"error":')
      if (!hasError && line === null && lost === null) return named
      const message = parsedJson(named)
      if (status === 200 && noteAnswer(line, message)) isAnswered = true
      const clean = hasError ? cleanError(message, status) : null
      return clean === null ? named : JSON.stringify(clean)
    },
    end() {
      if (!isAnswered) line?.note({ outcome: 'cut' })
      line?.release()
      return isAnswered || lost === null ? null : lost.event()
    },
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

/** A broken connection counts as the end of the stream. */
async function nextOf(reader: Reader): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value
  } catch {
    return undefined
  }
}

function passEvents(
  reader: Reader,
  { token, lost }: Pick<AnswerPass, 'token' | 'lost'>,
  messages: Messages,
  first?: Uint8Array,
): ReadableStream<Uint8Array> {
  const [decoder, encoder] = [new TextDecoder(), new TextEncoder()]
  let text = ''
  let pending = first
  const stop = pollToken(token, () => {
    // The client sees the end of the stream, the transport a disconnect.
    void reader.cancel('the access token is over').catch(() => {})
  })
  const mapEvent = (event: string): string =>
    event === CANCELLED
      ? messages.read(event)
      : event.replace(DATA, (_line, start: string, data: string) => `${start}data: ${messages.read(data)}`)
  /** A stream that can be answered otherwise ends as one that is over; any other passes its error on. */
  const next = async (): Promise<Uint8Array | undefined> =>
    lost === null ? (await reader.read()).value : nextOf(reader)
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const chunk: Uint8Array | undefined = pending ?? (await next())
        pending = undefined
        if (chunk === undefined) {
          stop()
          if (text !== '') controller.enqueue(encoder.encode(mapEvent(text)))
          const more = messages.end()
          if (more !== null) controller.enqueue(encoder.encode(more))
          controller.close()
          return
        }
        const events = (text + decoder.decode(chunk, { stream: true })).split('\n\n')
        text = events.pop() ?? ''
        if (events.length === 0) continue
        controller.enqueue(encoder.encode(events.map((event) => `${mapEvent(event)}\n\n`).join('')))
        return
      }
    },
    cancel(reason) {
      stop()
      messages.end()
      return reader.cancel(reason)
    },
  })
}

/** Calls `end` once when the token is no longer valid. Returns a function that stops polling. */
function pollToken(
  { endsAtSeconds, nowSeconds, isAlive, checkMs }: StreamToken,
  end: () => void,
): () => void {
  const isOver = async () => {
    if (nowSeconds() >= endsAtSeconds) return true
    try {
      return !(await isAlive())
    } catch (error) {
      // An outage ends no stream (invariant 10); the token's expiry still does.
      report('stream.not-checked', error, {})
      return false
    }
  }
  const check = async () => {
    if (!(await isOver())) return
    clearInterval(timer)
    end()
  }
  const timer = setInterval(() => void check(), checkMs)
  return () => clearInterval(timer)
}
