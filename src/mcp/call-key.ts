import { canonicalDigest } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { readTraceparent } from '#lib/trace.ts'
import type { CallKey } from '#users/calls/calls.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { CallProblem } from './tool-denial.ts'

const GRAMMAR = /^[A-Za-z0-9._:-]{1,128}$/

/** What the message of a tool call says beside the tool and its arguments. */
export interface CallMessage {
  meta: Readonly<Record<string, unknown>> | undefined
  /** The header of that name. */
  traceparent?: unknown
}

/**
 * What the client calls its own trace (MCP 2026-07-28 Basic, `_meta`; W3C Trace Context): kept on record as its claim and
 * sent nowhere. `tracestate` and `baggage` are for whoever wrote them: neither is looked at.
 */
export const clientTrace = ({ meta, traceparent }: CallMessage): string | null =>
  readTraceparent(meta?.['traceparent']) ?? readTraceparent(traceparent)

/**
 * Under which a write may be asked for again: the client's own key and nothing else. Ids of JSON-RPC never make two calls
 * the same call: some clients give every request the same one (decision 21). Reads have none: they may always be repeated.
 */
export async function callKey(
  tool: Pick<AnyTool, 'name' | 'effect'>,
  client: string,
  { meta }: CallMessage,
  keyName: string,
): Promise<Result<CallKey | null, CallProblem>> {
  if (tool.effect === 'read') return ok(null)
  const given = meta?.[keyName]
  if (given === undefined) return ok(null)
  if (typeof given !== 'string' || !GRAMMAR.test(given)) return err({ reason: 'bad_key' })
  return ok({ hash: await canonicalDigest(['client', client, tool.name, given]) })
}
