import { canonicalDigest } from '#lib/hash.ts'
import { err, type Result } from '#lib/result.ts'
import { Secret } from '#lib/secret.ts'
import type { CallIntent, CallApi, CallOutcome, CallPermit } from '#users/calls/calls.ts'
import type { Principal } from '#principal.ts'
import { splitConsent } from '#catalog/confirmation.ts'
import type { AnyTool, ToolOutput } from '#catalog/define-tool.ts'
import type { CallContext } from '#catalog/tool-context.ts'
import { beginCall, endCall } from './ask-user.ts'
import { callKey, type CallMessage, clientTrace, readKept, toKeep } from './idempotency.ts'
import { type Consent, mayAct, noConsent } from './consent.ts'
import { missingScopes } from './list-tools.ts'
import { readDownstreamToken, stopProblem, tokenReplacer } from './downstream-token.ts'
import type { DenialWords, McpProduct } from './product.ts'
import { report } from './request-log.ts'
import { timeLeft, withDeadline } from './deadlines.ts'
import { failure, success, type ToolResult } from './tool-result.ts'
import type { CallProblem } from './tool-denial.ts'

/**
 * The only way to a tool, on both transports. It checks the scope again (the challenge at the edge is for clients,
 * this is for safety), puts the intent on record before anything happens and the outcome after it is known.
 */
export interface Caller {
  transport: 'stateless' | 'session'
  message: CallMessage
  userApi: CallApi
  product: Pick<McpProduct, 'words' | 'keyName'>
  deadlineMs: number
  /** So long before the deadline nothing new is begun: as long as one request to the API may take. */
  lastStartMs?: number
  consent?: Consent
  /** The client cancelled. */
  signal?: AbortSignal | undefined
  progress?: CallContext['progress'] | undefined
  /** Keeps the work alive when the client is gone: a write that was sent must get its outcome on record. */
  waitUntil(work: Promise<unknown>): void
}

/**
 * @step tool-call 3-9 the only way to a tool
 */
export async function invokeTool(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
): Promise<ToolResult> {
  return toToolResult(await invoke(tool, input, principal, caller))
}

/** The same, before it is put into the words of a tool's result. */
export async function invoke(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
): Promise<Answered> {
  const answered = runCall(tool, input, principal, caller, crypto.randomUUID())
  caller.waitUntil(answered)
  return answered
}

export const toToolResult = ({ answer, transaction, isRepeat, words }: Answered): ToolResult =>
  answer.ok ? success(answer.value, transaction, isRepeat) : failure(answer.error, transaction, words)

type Answer = Result<ToolOutput, CallProblem>

/** The transaction is that of the call that ran: for a repeat, that of the first. */
export interface Answered {
  answer: Answer
  transaction: string
  isRepeat: boolean
  words: DenialWords
}

async function runCall(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
  transaction: string,
): Promise<Answered> {
  const { words, keyName } = caller.product
  const answered = (answer: Answer): Answered => ({ answer, transaction, isRepeat: false, words })
  const repeated = (answer: Answer, first: string): Answered => ({
    answer,
    transaction: first,
    isRepeat: true,
    words,
  })
  if (missingScopes(tool, principal.scopes).length > 0) return answered(err({ reason: 'scope_missing' }))
  const parsed = tool.input.safeParse(input)
  if (!parsed.success) return answered(err({ reason: 'bad_input' }))
  const { grant, client } = principal
  const act =
    tool.confirm === undefined ? { rest: parsed.data, isConfirmed: false } : splitConsent(parsed.data)
  const argumentsDigest = await canonicalDigest(act.rest)
  const key = await callKey(tool, client, caller.message, keyName)
  if (!key.ok) return answered(key)
  const trace = clientTrace(caller.message)
  const intent: CallIntent = {
    grant,
    client,
    transport: caller.transport,
    tool: tool.name,
    effect: tool.effect === 'read' ? 'read' : 'write',
    transaction,
    argumentsDigest,
    key: key.value,
    ...(trace === null ? {} : { clientTrace: trace }),
  }
  const start = await beginCall(caller.userApi, intent, (work) => caller.waitUntil(work))
  switch (start.verdict) {
    case 'go':
      return answered(await runOnRecord(tool, act, principal, caller, intent, start))
    case 'ended':
    case 'unavailable':
      return answered(err(stopProblem(start)))
    case 'repeat':
      return repeated(readKept(tool, start.result), start.call)
    case 'running':
      return repeated(err({ reason: 'still_running' }), start.call)
    case 'unknown':
      return repeated(err({ reason: 'unknown_outcome' }), start.call)
    case 'mismatch':
      return repeated(err({ reason: 'key_of_another_call' }), start.call)
    default:
      return start satisfies never
  }
}

/** What is to be done, and whether the client says that the user agreed. */
interface Act {
  rest: Record<string, unknown>
  isConfirmed: boolean
}

async function runOnRecord(
  tool: AnyTool,
  act: Act,
  principal: Principal,
  caller: Caller,
  intent: CallIntent,
  start: CallPermit,
): Promise<Answer> {
  const answer = await runTool(tool, act, principal, caller, intent, start)
  const isDone = answer.ok && answer.value.isUnknown !== true
  const result = isDone && intent.key !== null ? toKeep(answer.value) : null
  // Not awaited: the answer is already known and the client need not wait for the second hop. waitUntil keeps it
  // alive; an intent whose end the User never hears of has no outcome, which reads as "unknown" (invariant 8).
  caller.waitUntil(endCall(caller.userApi, start.call, outcomeOf(answer), result))
  return answer
}

async function runTool(
  tool: AnyTool,
  { rest, isConfirmed }: Act,
  principal: Principal,
  caller: Caller,
  intent: CallIntent,
  start: CallPermit,
): Promise<Answer> {
  const { transaction } = intent
  const token = new Secret(start.downstreamToken)
  const { deadlineMs, lastStartMs = 0, consent = noConsent, progress = () => {} } = caller
  const time = timeLeft(caller.signal, deadlineMs - lastStartMs)
  let isActing = false
  const late = (): CallProblem => ({
    reason: isActing && tool.effect !== 'read' ? 'unknown_outcome' : 'unavailable',
  })
  const replacer = tokenReplacer((refused) =>
    beginCall(caller.userApi, { ...intent, refused }, (work) => caller.waitUntil(work)),
  )
  try {
    const me = {
      name: start.user.name,
      scopes: principal.scopes,
      accessEndsAtSeconds: principal.expiresAtSeconds,
      downstream: await readDownstreamToken(token),
    }
    const { replaceToken } = replacer
    const call = { token, replaceToken, idempotencyKey: start.call, transaction }
    const context: CallContext = { call, me, signal: time.signal, progress }
    const running = async () => {
      const allowed = await mayAct(tool, rest, context, consent, isConfirmed)
      if (!allowed.ok) return allowed
      // It was cancelled, or this took so long that the client has been told that nothing was changed.
      if (time.signal.aborted) return err({ reason: 'unavailable' as const })
      isActing = true
      return tool.run(rest, context)
    }
    const answer = await withDeadline(running(), deadlineMs, late)
    const stop = replacer.stop()
    // `unauthorized` also says that the tool did nothing: only then may the call look as if it had not begun.
    const isStopped = stop !== null && !answer.ok && answer.error.reason === 'unauthorized'
    return isStopped ? err(stopProblem(stop)) : answer
  } catch (error) {
    const incident = report('tool.broken', error, { tool: tool.name, transaction })
    return err(
      late().reason === 'unavailable' ? { reason: 'broken', incident } : { reason: 'unknown_outcome' },
    )
  } finally {
    time.over()
    replacer.close()
  }
}

function outcomeOf(answer: Answer): CallOutcome {
  if (answer.ok) return answer.value.isUnknown === true ? 'unknown' : 'done'
  const { reason } = answer.error
  if (reason === 'unknown_outcome') return 'unknown'
  return reason === 'unavailable' || reason === 'broken' ? 'failed' : 'refused'
}
