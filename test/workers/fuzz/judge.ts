import { z } from 'zod'
import type { FuzzRequest } from './stage.ts'

/** Longer than all deadlines of worker.ts together: reached only by a hang. */
const HANGS_AFTER_MS = 30_000

// JSON-RPC 2.0 §5.1; MCP 2026-07-28 Basic, Error Codes. Our one own code is outside -32768 … -32000; the SDKs use
// -32000. Internal error (-32603) is not allowed: no input may cause one.
const defined: readonly number[] = [-32700, -32600, -32601, -32602, -32000, -31000, -32020, -32021, -32022]
// MCP servers of the 2025 revisions use these for an unknown session and an unknown resource.
const inSessions: readonly number[] = [-32001, -32002]

const ErrorMessage = z.object({ error: z.object({ code: z.unknown(), message: z.string() }) })

export interface Verdict {
  status: number
  /** The code of a JSON-RPC error, or null. */
  code: unknown
  text: string
  /** The violation found, or null. */
  fault: string | null
}

export async function judge(sent: FuzzRequest, asking: Promise<Response>): Promise<Verdict> {
  const answer = await within(asking)
  if (answer === 'late') return { status: 0, code: null, text: '', fault: 'no answer' }
  const { status, headers } = answer
  const isLasting =
    headers.get('content-type') === 'text/event-stream' &&
    (sent.method === 'GET' || (sent.body ?? '').includes('subscriptions/listen'))
  if (isLasting) {
    await answer.body?.cancel()
    return { status, code: null, text: '', fault: null }
  }
  const text = await within(answer.text())
  if (text === 'late') return { status, code: null, text: '', fault: 'an answer without an end' }
  const isMcp = sent.path.startsWith('/mcp')
  const codes = isMcp ? errorsIn(text).map(({ error }) => error.code) : []
  const isStateless = sent.headers.some(
    ([name, value]) => name === 'mcp-protocol-version' && value === '2026-07-28',
  )
  const allowed = isStateless && sent.session === 'none' ? defined : [...defined, ...inSessions]
  const strange = codes.find((code) => typeof code !== 'number' || !allowed.includes(code))
  const fault =
    status >= 500 ? `status ${status}` : strange === undefined ? null : `the code ${JSON.stringify(strange)}`
  return { status, code: codes[0] ?? null, text, fault }
}

async function within<T>(work: Promise<T>): Promise<T | 'late'> {
  const { promise, resolve } = Promise.withResolvers<'late'>()
  const timer = setTimeout(() => resolve('late'), HANGS_AFTER_MS)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Errors in a JSON body or in the events of a stream. */
function errorsIn(text: string) {
  const messages = text.startsWith('{')
    ? [text]
    : [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data ?? '')
  return messages.flatMap((message) => {
    const failed = ErrorMessage.safeParse(parseOrUndefined(message))
    return failed.success ? [failed.data] : []
  })
}

export function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
