import { canonicalDigest } from '../lib/canonical-digest.ts'
import { err, type Result } from '../lib/result.ts'
import { Secret } from '../lib/secret.ts'
import type { CallIntent, CallKeeper, CallOutcome, Going } from '../people/calls.ts'
import type { Principal } from '../principal.ts'
import type { AnyTool, ToolOutput } from '../tools/define-tool.ts'
import type { TodoStore } from '../tools/tool-context.ts'
import { beginCall, endCall } from './ask-person.ts'
import { callKey, type CallMessage } from './call-key.ts'
import { readKept, toKeep } from './kept-result.ts'
import { missingScopes } from './list-tools.ts'
import { readDownstreamToken } from './read-downstream-token.ts'
import { type NoOtherToken, stopProblem, tokenReplacer } from './replace-token.ts'
import { report } from './report.ts'
import { failure, success, type ToolResult } from './tool-result.ts'
import type { CallProblem } from './tool-refusal.ts'
import { withDeadline } from './with-deadline.ts'

/**
 * The only way to a tool, in both lanes. It checks the scope again (the challenge at the edge is for clients,
 * this is for safety), puts the intent on record before anything happens and the outcome after it is known.
 */
export interface Caller {
  lane: 'stateless' | 'stateful'
  message: CallMessage
  keeper: CallKeeper
  todosFor(call: ApiCall): TodoStore
  deadlineMs: number
  /** Keeps the work alive when the client is gone: a write that was sent must get its outcome on record. */
  waitUntil(work: Promise<unknown>): void
}

/** What the requests of one tool call share. */
export interface ApiCall {
  token: Secret
  /** Another token, for the one that the API answered with 401. */
  replaceToken: (refused: Secret) => Promise<Result<Secret, NoOtherToken>>
  idempotencyKey: string
  transaction: string
}

export async function invokeTool(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
): Promise<ToolResult> {
  const answered = runCall(tool, input, principal, caller, crypto.randomUUID())
  caller.waitUntil(answered)
  const { answer, transaction, isRepeat } = await answered
  return answer.ok ? success(answer.value, transaction, isRepeat) : failure(answer.error, transaction)
}

type Answer = Result<ToolOutput, CallProblem>

/** The transaction is that of the call that ran: for a repeat, that of the first. */
interface Answered {
  answer: Answer
  transaction: string
  isRepeat: boolean
}

async function runCall(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
  transaction: string,
): Promise<Answered> {
  const answered = (answer: Answer): Answered => ({ answer, transaction, isRepeat: false })
  if (missingScopes(tool, principal.scopes).length > 0) return answered(err({ reason: 'scope_missing' }))
  const parsed = tool.input.safeParse(input)
  if (!parsed.success) return answered(err({ reason: 'bad_input' }))
  const { grant, client } = principal
  const argumentsDigest = await canonicalDigest(parsed.data)
  const key = await callKey(tool, client, argumentsDigest, caller.message)
  if (!key.ok) return answered(key)
  const intent: CallIntent = {
    grant,
    client,
    lane: caller.lane,
    tool: tool.name,
    effect: tool.effect === 'read' ? 'read' : 'write',
    transaction,
    argumentsDigest,
    key: key.value,
  }
  const start = await beginCall(caller.keeper, intent, (work) => caller.waitUntil(work))
  switch (start.verdict) {
    case 'go':
      return answered(await runOnRecord(tool, parsed.data, principal, caller, intent, start))
    case 'ended':
    case 'unavailable':
      return answered(err(stopProblem(start)))
    case 'repeat':
      return { answer: readKept(tool, start.result), transaction: start.call, isRepeat: true }
    case 'running':
      return { answer: err({ reason: 'still_running' }), transaction: start.call, isRepeat: true }
    case 'unknown':
      return { answer: err({ reason: 'unknown_outcome' }), transaction: start.call, isRepeat: true }
    case 'mismatch':
      return { answer: err({ reason: 'key_of_another_call' }), transaction: start.call, isRepeat: true }
    default:
      return start satisfies never
  }
}

async function runOnRecord(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
  intent: CallIntent,
  start: Going,
): Promise<Answer> {
  const answer = await runTool(tool, input, principal, caller, intent, start)
  const result = answer.ok && intent.key !== null ? toKeep(answer.value) : null
  // Not awaited: the answer is already known and the client need not wait for the second hop. waitUntil keeps it
  // alive; an intent whose end the Person never hears of has no outcome, which reads as "unknown" (invariant 8).
  caller.waitUntil(endCall(caller.keeper, start.call, outcomeOf(answer), result))
  return answer
}

async function runTool(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
  intent: CallIntent,
  start: Going,
): Promise<Answer> {
  const { transaction } = intent
  const token = new Secret(start.downstreamToken)
  const replacer = tokenReplacer((refused) =>
    beginCall(caller.keeper, { ...intent, refused }, (work) => caller.waitUntil(work)),
  )
  try {
    const me = {
      name: start.person.name,
      scopes: principal.scopes,
      accessEndsAtSeconds: principal.expiresAtSeconds,
      downstream: await readDownstreamToken(token),
    }
    const { replaceToken } = replacer
    const todos = caller.todosFor({ token, replaceToken, idempotencyKey: start.call, transaction })
    const answer = await withDeadline(tool.run(input, { todos, me }), caller.deadlineMs, tool)
    const stop = replacer.stop()
    // `unauthorized` also says that the tool did nothing: only then may the call look as if it had not begun.
    const isStopped = stop !== null && !answer.ok && answer.error.reason === 'unauthorized'
    return isStopped ? err(stopProblem(stop)) : answer
  } catch (error) {
    const incident = report('tool.broken', error, { tool: tool.name, transaction })
    return err(tool.effect === 'read' ? { reason: 'broken', incident } : { reason: 'unknown_outcome' })
  } finally {
    replacer.close()
  }
}

function outcomeOf(answer: Answer): CallOutcome {
  if (answer.ok) return 'done'
  const { reason } = answer.error
  if (reason === 'unknown_outcome') return 'unknown'
  return reason === 'unavailable' || reason === 'broken' ? 'failed' : 'refused'
}
