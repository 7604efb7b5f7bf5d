import { canonicalDigest } from '../lib/canonical-digest.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { readTraceparent } from '../lib/trace.ts'
import type { CallKey } from '../people/calls.ts'
import type { AnyTool } from '../tools/define-tool.ts'
import type { CallProblem } from './tool-refusal.ts'

/** In `params._meta` of tools/call; its prefix is the name of this server (MCP 2026-07-28 Basic, `_meta`). */
export const KEY_NAME = 'pingone-davinci-mcp-server/idempotency-key'

const GRAMMAR = /^[A-Za-z0-9._:-]{1,128}$/

/** What the message of a tool call says beside the tool and its arguments. */
export interface CallMessage {
  meta: Readonly<Record<string, unknown>> | undefined
  /** Where it came in, in the stateful lane: JSON-RPC request ids count from 0 on each connection. */
  inSession: { session: string; request: string | number } | null
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
 * Under which a write may be asked for again. Without the client's own key, the same message in the same session is
 * the same call for a minute; its arguments are in that key, because a client that connects again to its session
 * begins to count again, and another call must not be refused for it. Reads have none: they may always be repeated.
 */
export async function callKey(
  tool: AnyTool,
  client: string,
  argumentsDigest: string,
  { meta, inSession }: CallMessage,
): Promise<Result<CallKey | null, CallProblem>> {
  if (tool.effect === 'read') return ok(null)
  const given = meta?.[KEY_NAME]
  if (given !== undefined) {
    if (typeof given !== 'string' || !GRAMMAR.test(given)) return err({ reason: 'bad_key' })
    return ok({ from: 'client', hash: await canonicalDigest(['client', client, tool.name, given]) })
  }
  if (inSession === null) return ok(null)
  const { session, request } = inSession
  const parts = ['session', client, tool.name, session, request, argumentsDigest]
  return ok({ from: 'session', hash: await canonicalDigest(parts) })
}
