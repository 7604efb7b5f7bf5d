import type { RequestLine } from './request-line.ts'

// In JSON a quote inside a text is escaped: neither can be written by whoever chose a text in the answer.
const TRANSACTION = /"transaction":"([0-9a-f-]{36})"/
const REFUSED = /"isError":true/
/** A match may lie across two pieces of the stream. */
const OVERLAP = 64

/**
 * For a stream that begins with progress or with a question: its answer comes at the end. It is looked at as it passes by,
 * never gathered, and the request's line of the log is written when the stream is over.
 */
export function watchAnswer(line: RequestLine): { saw: (chunk: Uint8Array) => void; over: () => void } {
  const decoder = new TextDecoder()
  let tail = ''
  let transaction: string | undefined
  let isRefused = false
  line.hold()
  return {
    saw(chunk) {
      const text = tail + decoder.decode(chunk, { stream: true })
      transaction = TRANSACTION.exec(text)?.[1] ?? transaction
      isRefused ||= REFUSED.test(text)
      tail = text.slice(-OVERLAP)
    },
    over() {
      if (transaction === undefined) line.note({ outcome: 'cut' })
      else line.note({ transaction, outcome: isRefused ? 'refused' : 'done' })
      line.release()
    },
  }
}
