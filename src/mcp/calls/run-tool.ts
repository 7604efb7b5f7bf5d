import type { ApiTraffic } from '#catalog/api-traffic.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { CallContext } from '#catalog/tool-context.ts'
import { err, type Result } from '#lib/result.ts'
import { Secret } from '#lib/secret.ts'
import type { Principal } from '#principal.ts'
import type { CallPermit } from '#users/calls/calls.ts'
import { report } from '../edge/request-log.ts'
import type { Caller } from './caller.ts'
import { readDownstreamToken, stopProblem, tokenReplacer } from './downstream-token.ts'
import type { CallProblem } from './tool-denial.ts'
import { renewToken } from './user-calls.ts'

/** What is done with the token of a call. `begin` marks the moment from which it may have an effect. */
export type Work<T> = (context: CallContext, begin: () => void) => Promise<Result<T, CallProblem>>

/** Runs the work of a call with its downstream token, until its deadline. An exception becomes a problem of the call. */
export async function runWithToken<T>(
  tool: AnyTool,
  { call: idempotencyKey, downstreamToken, user }: CallPermit,
  { transaction, traffic }: { transaction: string; traffic: ApiTraffic },
  principal: Principal,
  caller: Caller,
  work: Work<T>,
): Promise<Result<T, CallProblem>> {
  const token = new Secret(downstreamToken)
  const { deadlineMs, lastStartMs = 0, progress = () => {} } = caller
  const time = timeLeft(caller.signal, deadlineMs - lastStartMs)
  let mayHaveEffect = false
  const late = (): CallProblem => ({ reason: mayHaveEffect ? 'unknown_outcome' : 'unavailable' })
  const begin = () => {
    mayHaveEffect = tool.effect !== 'read'
  }
  const { grant, client } = principal
  const replacer = tokenReplacer((refused) =>
    renewToken(caller.userApi, { grant, client, transaction, refused }),
  )
  try {
    const me = {
      name: user.name,
      scopes: principal.scopes,
      accessEndsAtSeconds: principal.expiresAtSeconds,
      downstream: await readDownstreamToken(token),
    }
    const { replaceToken } = replacer
    const call = { token, replaceToken, idempotencyKey, transaction }
    const from = { grant, transport: caller.transport, network: caller.origin.network }
    const { signal } = time
    const context: CallContext = { user: principal.user, from, call, me, signal, progress, traffic }
    const answer = await withDeadline(work(context, begin), deadlineMs, late)
    const stop = replacer.stop()
    // `unauthorized` also says that the tool did nothing: only then may the call look as if it had not begun.
    const isStopped = stop !== null && !answer.ok && answer.error.reason === 'unauthorized'
    if (!isStopped) return answer
    const problem = stopProblem(stop)
    caller.onStop?.(problem)
    return err(problem)
  } catch (error) {
    const incident = report('tool.broken', error, { tool: tool.name, transaction })
    return err(mayHaveEffect ? late() : { reason: 'broken', incident })
  } finally {
    time.over()
    replacer.close()
  }
}

/**
 * The signal of one call. It aborts when the client cancels, or when no new request may start, so that a running request
 * can finish before the deadline.
 */
function timeLeft(cancelled: AbortSignal | undefined, ms: number) {
  const controller = new AbortController()
  const stop = () => controller.abort()
  const timer = setTimeout(stop, ms)
  if (cancelled?.aborted === true) stop()
  cancelled?.addEventListener('abort', stop, { once: true })
  return {
    signal: controller.signal,
    over: () => {
      clearTimeout(timer)
      cancelled?.removeEventListener('abort', stop)
    },
  }
}

/** Answers with `late()` when the deadline passes first. */
async function withDeadline<T>(
  running: Promise<Result<T, CallProblem>>,
  deadlineMs: number,
  late: () => CallProblem,
): Promise<Result<T, CallProblem>> {
  const { promise, resolve } = Promise.withResolvers<Result<T, CallProblem>>()
  const timer = setTimeout(() => resolve(err(late())), deadlineMs)
  try {
    return await Promise.race([running, promise])
  } finally {
    clearTimeout(timer)
  }
}
