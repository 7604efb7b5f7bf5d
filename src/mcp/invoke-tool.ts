import { canonicalDigest } from '../lib/canonical-digest.ts'
import { newIncident } from '../lib/incident.ts'
import { log } from '../lib/log.ts'
import { redacted } from '../lib/redacted.ts'
import { err, type Result } from '../lib/result.ts'
import { Secret } from '../lib/secret.ts'
import { type CallIntent, type CallKeeper, type CallOutcome, CallStart } from '../people/calls.ts'
import type { Principal } from '../principal.ts'
import type { AnyTool, ToolOutput } from '../tools/define-tool.ts'
import type { TodoStore } from '../tools/tool-context.ts'
import { missingScopes } from './list-tools.ts'
import { readDownstreamToken } from './read-downstream-token.ts'
import { type NoOtherToken, stopProblem, tokenReplacer } from './replace-token.ts'
import { failure, success, type ToolResult } from './tool-result.ts'
import type { CallProblem } from './tool-refusal.ts'
import { withDeadline } from './with-deadline.ts'

/**
 * The only way to a tool, in both lanes. It checks the scope again (the challenge at the edge is for clients,
 * this is for safety), puts the intent on record before anything happens and the outcome after it is known.
 */
export interface Caller {
  lane: 'stateless' | 'stateful'
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
  const transaction = crypto.randomUUID()
  const answered = runCall(tool, input, principal, caller, transaction)
  caller.waitUntil(answered)
  const answer = await answered
  return answer.ok ? success(answer.value, transaction) : failure(answer.error, transaction)
}

async function runCall(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
  transaction: string,
): Promise<Result<ToolOutput, CallProblem>> {
  if (missingScopes(tool, principal.scopes).length > 0) return err({ reason: 'scope_missing' })
  const parsed = tool.input.safeParse(input)
  if (!parsed.success) return err({ reason: 'bad_input' })
  const { grant, client } = principal
  const argumentsDigest = await canonicalDigest(parsed.data)
  const intent: CallIntent = {
    grant,
    client,
    lane: caller.lane,
    tool: tool.name,
    transaction,
    argumentsDigest,
  }
  const start = await begin(caller.keeper, intent)
  if (start.verdict !== 'go') return err(stopProblem(start))
  const answer = await runTool(tool, parsed.data, principal, caller, intent, start)
  // Not awaited: the answer is already known and the client need not wait for the second hop. waitUntil keeps it
  // alive; an intent whose end the Person never hears of has no outcome, which reads as "unknown" (invariant 8).
  caller.waitUntil(end(caller.keeper, start.call, outcomeOf(answer), transaction))
  return answer
}

type Going = Extract<CallStart, { verdict: 'go' }>

async function runTool(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
  intent: CallIntent,
  start: Going,
): Promise<Result<ToolOutput, CallProblem>> {
  const { transaction } = intent
  const token = new Secret(start.downstreamToken)
  const replacer = tokenReplacer((refused) => begin(caller.keeper, { ...intent, refused }))
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

async function begin(keeper: CallKeeper, intent: CallIntent): Promise<CallStart> {
  try {
    return CallStart.parse(await keeper.beginCall(intent))
  } catch (error) {
    // Nothing is on record for sure and nothing was sent: to the client this is an outage like any other.
    report('call.not-begun', error, { tool: intent.tool, transaction: intent.transaction })
    return { verdict: 'unavailable', retryAfterSeconds: 5 }
  }
}

async function end(
  keeper: CallKeeper,
  call: string,
  outcome: CallOutcome,
  transaction: string,
): Promise<void> {
  try {
    await keeper.endCall(call, outcome)
  } catch (error) {
    report('call.not-ended', error, { call, outcome, transaction })
  }
}

function outcomeOf(answer: Result<ToolOutput, CallProblem>): CallOutcome {
  if (answer.ok) return 'done'
  const { reason } = answer.error
  if (reason === 'unknown_outcome') return 'unknown'
  return reason === 'unavailable' || reason === 'broken' ? 'failed' : 'refused'
}

/** The outside sees the incident id and nothing else. */
function report(event: string, error: unknown, facts: Record<string, unknown>): string {
  const incident = newIncident()
  const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
  log.error(event, { incident, detail, ...facts })
  return incident
}
