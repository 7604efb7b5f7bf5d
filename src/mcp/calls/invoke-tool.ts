import { canonicalDigest } from '#lib/hash.ts'
import { err, type Result } from '#lib/result.ts'
import { Secret } from '#lib/secret.ts'
import {
  type CallApi,
  type CallIntent,
  type CallOutcome,
  type CallPermit,
  type CallStart,
  keyOf,
} from '#users/calls/calls.ts'
import type { Principal } from '#principal.ts'
import { splitConsent } from '#catalog/confirmation.ts'
import type { AnyTool, ToolOutput } from '#catalog/define-tool.ts'
import type { CallContext } from '#catalog/tool-context.ts'
import { beginCall, endCall, renewToken } from './ask-user.ts'
import { type CallMessage, clientTrace, givenKey, readKept, toKeep } from './idempotency.ts'
import { type Consent, mayAct, noConsent } from './consent.ts'
import { missingScopes } from '../lists/list-tools.ts'
import { readDownstreamToken, stopProblem, tokenReplacer } from './downstream-token.ts'
import type { DenialWords, McpProduct } from '../product.ts'
import { report } from '../edge/request-log.ts'
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
  /** The call that the edge has begun. Unset after a question to the user: the call then begins a second time. */
  entered?: EnteredCall | undefined
  /** Called when the call of the edge is used. */
  onTaken?: (() => void) | undefined
  /** Called with a problem that is an HTTP status where the answer has not begun. */
  onStop?: ((problem: CallProblem) => void) | undefined
  /** The client cancelled. */
  signal?: AbortSignal | undefined
  progress?: CallContext['progress'] | undefined
  /** Keeps the work alive when the client is gone: a write that was sent must get its outcome on record. */
  waitUntil(work: Promise<unknown>): void
}

/**
 * @step tool-call 6-9 the only way to a tool
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
  const answered = runCall(tool, input, principal, caller)
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

/** A call that the user's object knows, and the arguments that were judged. */
export interface EnteredCall {
  start: CallStart
  transaction: string
  input: Record<string, unknown>
  /** It has an idempotency key, so its answer is kept for a retry. */
  isKeyed: boolean
}

async function runCall(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
): Promise<Answered> {
  const { words } = caller.product
  if (caller.entered !== undefined) caller.onTaken?.()
  const entered = caller.entered ?? (await enterAgain(tool, input, principal, caller))
  if ('reason' in entered)
    return { answer: err(entered), transaction: crypto.randomUUID(), isRepeat: false, words }
  const { start, transaction } = entered
  const repeated = (answer: Answer, first: string): Answered => ({
    answer,
    transaction: first,
    isRepeat: true,
    words,
  })
  switch (start.verdict) {
    case 'go': {
      const answer = await runOnRecord(tool, principal, caller, entered, start)
      return { answer, transaction, isRepeat: false, words }
    }
    case 'ended':
    case 'unavailable':
      return { answer: err(stopProblem(start)), transaction, isRepeat: false, words }
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

/** Begins a call after a question to the user: every check again, and a record of its own. */
async function enterAgain(
  tool: AnyTool,
  input: unknown,
  { grant, client, scopes }: Principal,
  caller: Caller,
): Promise<EnteredCall | CallProblem> {
  if (missingScopes(tool, scopes).length > 0) return { reason: 'scope_missing' }
  const parsed = tool.input.safeParse(input)
  if (!parsed.success) return { reason: 'bad_input' }
  const given = givenKey(tool, caller.message.meta, caller.product.keyName)
  if (!given.ok) return given.error
  const key = given.value === null ? null : await keyOf(client, tool.name, given.value)
  const trace = clientTrace(caller.message)
  const transaction = crypto.randomUUID()
  const intent: CallIntent = {
    grant,
    client,
    transport: caller.transport,
    tool: tool.name,
    effect: tool.effect === 'read' ? 'read' : 'write',
    transaction,
    argumentsDigest: await canonicalDigest(actOf(tool, parsed.data).rest),
    key,
    ...(trace === null ? {} : { clientTrace: trace }),
  }
  const start = await beginCall(caller.userApi, intent, (work) => caller.waitUntil(work))
  return { start, transaction, input: parsed.data, isKeyed: key !== null }
}

const actOf = (tool: AnyTool, input: Record<string, unknown>): Act =>
  tool.confirm === undefined ? { rest: input, isConfirmed: false } : splitConsent(input)

/** What is to be done, and whether the client says that the user agreed. */
interface Act {
  rest: Record<string, unknown>
  isConfirmed: boolean
}

async function runOnRecord(
  tool: AnyTool,
  principal: Principal,
  caller: Caller,
  entered: EnteredCall,
  start: CallPermit,
): Promise<Answer> {
  const answer = await runTool(tool, principal, caller, entered, start)
  const isDone = answer.ok && answer.value.isUnknown !== true
  const result = isDone && entered.isKeyed ? toKeep(answer.value) : null
  // Not awaited: the answer is already known and the client need not wait for the second hop. waitUntil keeps it
  // alive; an intent whose end the User never hears of has no outcome, which reads as "unknown" (invariant 8).
  caller.waitUntil(endCall(caller.userApi, start.call, outcomeOf(answer), result))
  return answer
}

async function runTool(
  tool: AnyTool,
  principal: Principal,
  caller: Caller,
  { input, transaction }: EnteredCall,
  start: CallPermit,
): Promise<Answer> {
  const { rest, isConfirmed } = actOf(tool, input)
  const token = new Secret(start.downstreamToken)
  const { deadlineMs, lastStartMs = 0, consent = noConsent, progress = () => {} } = caller
  const time = timeLeft(caller.signal, deadlineMs - lastStartMs)
  let isActing = false
  const late = (): CallProblem => ({
    reason: isActing && tool.effect !== 'read' ? 'unknown_outcome' : 'unavailable',
  })
  const { grant, client } = principal
  const replacer = tokenReplacer((refused) =>
    renewToken(caller.userApi, { grant, client, transaction, refused }),
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
    if (!isStopped) return answer
    const problem = stopProblem(stop)
    caller.onStop?.(problem)
    return err(problem)
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
