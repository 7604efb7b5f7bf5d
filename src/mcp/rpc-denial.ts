import type { CallProblem } from './tool-denial.ts'
import { sayDenial } from './tool-denial.ts'
import type { DenialWords } from './product.ts'
import { errorCode, OWN_WORDS } from './json-rpc-error.ts'
import { STOPPED } from './tool-result.ts'

/** An expected "no" in an answer that can only be an error: both SDKs make a JSON-RPC error of what has these fields. */
export class RpcDenial extends Error {
  readonly code: number
  readonly data: Record<string, unknown>

  constructor(code: number, message: string, data: Record<string, unknown> = {}) {
    super(message)
    this.code = code
    this.data = { ...data, [OWN_WORDS]: true }
  }
}

/** Lists here have one page, so no cursor is ours (MCP 2026-07-28 Pagination, Error Handling). */
export function refuseCursor(params: { cursor?: unknown } | undefined): void {
  if (params?.cursor !== undefined) throw new RpcDenial(errorCode.invalidParams, 'This cursor leads nowhere.')
}

/** Why nothing could be read. The edge makes an HTTP status of what could not start (answer-stopped.ts). */
export function readDenial(problem: CallProblem, words: DenialWords, transaction?: string): RpcDenial {
  const stopped = problem.reason === 'ended' || problem.reason === 'not_started' ? { [STOPPED]: problem } : {}
  const code = problem.reason === 'bad_input' ? errorCode.invalidParams : errorCode.internal
  return new RpcDenial(code, sayDenial(problem, words), {
    ...(transaction === undefined ? {} : { transaction }),
    ...stopped,
  })
}
