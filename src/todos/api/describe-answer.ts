import { z } from 'zod'
import type { Heard } from './read-answer.ts'

const WORD = /^[a-z][a-z0-9_]{0,39}$/
const Coded = z.object({ code: z.string().regex(WORD) }).or(z.object({ error: z.string().regex(WORD) }))

/**
 * What the log says of an answer: its status, kind, length, and its error code where it has one, a word in lower case.
 * Not its text, not even cut short: what an API says of a denial repeats arguments, names users, and may hold what
 * only its own operators should see. They find it in their log by the transaction.
 */
export function describeAnswer({ status, headers, text }: Heard) {
  const type = /^[a-z]+\/[a-z0-9.+-]{1,60}/i.exec(headers.get('content-type') ?? '')?.[0] ?? 'none'
  const code = codeIn(text) ?? /\berror="([a-z_]{1,40})"/.exec(headers.get('www-authenticate') ?? '')?.[1]
  return { status, type, characters: text.length, ...(code === undefined ? {} : { code }) }
}

/** RFC 9457 leaves `code` to the API; OAuth's errors are in `error`. */
function codeIn(text: string): string | undefined {
  const body = Coded.safeParse(parseJson(text))
  if (!body.success) return undefined
  return 'code' in body.data ? body.data.code : body.data.error
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A page of a proxy, say: it has no code.
    return undefined
  }
}
