import { z } from 'zod'
import type { Sent } from './sent.ts'

/** Far above all deadlines of worker.ts together: only what hangs takes so long. */
const HANGS_AFTER_MS = 30_000

// JSON-RPC 2.0 §5.1; MCP 2026-07-28 Basic, Error Codes: nothing of -32020 … -32099 but what is defined there, and codes
// of our own outside of -32768 … -32000, of which there is one. -32000 is what the SDKs themselves say. Nothing that
// comes in is an internal error (-32603).
const defined: readonly number[] = [-32700, -32600, -32601, -32602, -32000, -31000, -32020, -32021, -32022]
// What MCP servers of the 2025 revisions say of a session and of a resource that do not exist.
const inSessions: readonly number[] = [-32001, -32002]

const Failed = z.object({ error: z.object({ code: z.unknown(), message: z.string() }) })

export interface Verdict {
  status: number
  /** Of a JSON-RPC error; null where there is none. */
  code: unknown
  text: string
  /** What is wrong; null: nothing. */
  fault: string | null
}

export async function judge(sent: Sent, asking: Promise<Response>): Promise<Verdict> {
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

/** In a JSON body, and in each event of a stream. */
function errorsIn(text: string) {
  const messages = text.startsWith('{')
    ? [text]
    : [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => data ?? '')
  return messages.flatMap((message) => {
    const failed = Failed.safeParse(parsed(message))
    return failed.success ? [failed.data] : []
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
