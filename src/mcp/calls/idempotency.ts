import { z } from 'zod'
import type { CallProblem } from './tool-denial.ts'
import type { AnyTool, ToolOutput } from '#catalog/define-tool.ts'
import { type Result, err, ok } from '#lib/result.ts'
import { readTraceparent } from '#lib/trace.ts'

const GRAMMAR = /^[A-Za-z0-9._:-]{1,128}$/

/** The metadata of a tool call: its `_meta` and trace header. */
export interface CallMessage {
  meta: Readonly<Record<string, unknown>> | undefined
  traceparent?: unknown
}

/**
 * The client's own trace id (MCP 2026-07-28 Basic, `_meta`; W3C Trace Context). It is stored as a claim and sent nowhere;
 * `tracestate` and `baggage` are ignored.
 */
export const clientTrace = ({ meta, traceparent }: CallMessage): string | null =>
  readTraceparent(meta?.['traceparent']) ?? readTraceparent(traceparent)

/**
 * The idempotency key of a write: the client's own key only. A JSON-RPC id never identifies a call, because some clients
 * send the same id with every request (decision 21). Reads need no key.
 */
export function givenKey(
  tool: Pick<AnyTool, 'effect'>,
  meta: CallMessage['meta'],
  keyName: string,
): Result<string | null, CallProblem> {
  if (tool.effect === 'read') return ok(null)
  const given = meta?.[keyName]
  if (given === undefined) return ok(null)
  if (typeof given !== 'string' || !GRAMMAR.test(given)) return err({ reason: 'bad_key' })
  return ok(given)
}

const MAX_BYTES = 65_536

const StoredResult = z.object({ structured: z.record(z.string(), z.unknown()), text: z.string() })

/** The result to store for duplicates of this call; null when it is too large. */
export function toKeep({ structured, text }: ToolOutput): string | null {
  const stored = JSON.stringify({ structured, text })
  return new TextEncoder().encode(stored).byteLength > MAX_BYTES ? null : stored
}

/** Reads the stored result of the original call; `already_done` when it is missing or no longer fits the tool. */
export function readKept(tool: AnyTool, result: string | null): Result<ToolOutput, CallProblem> {
  const stored = result === null ? null : StoredResult.safeParse(JSON.parse(result))
  // A release may have changed the tool since.
  const fits = stored?.success === true && tool.output.safeParse(stored.data.structured).success
  return fits ? ok(stored.data) : err({ reason: 'already_done' })
}
