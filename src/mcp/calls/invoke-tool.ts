import { ApiTraffic } from '#catalog/api-traffic.ts'
import { type Confirmation, splitConsent } from '#catalog/confirmation.ts'
import type { AnyTool, ToolOutput } from '#catalog/define-tool.ts'
import { canonicalDigest } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'
import type { Principal } from '#principal.ts'
import { type CallIntent, type CallOutcome, type CallPermit, keyOf } from '#users/calls/calls.ts'
import type { LaterCall } from '#users/calls/calls.ts'
import { askOf } from '../edge/subject.ts'
import { missingScopes } from '../lists/listed.ts'
import type { DenialWords } from '../product.ts'
import { callFacts, endFacts } from './call-facts.ts'
import type { Caller, EnteredCall } from './caller.ts'
import { mayAct } from './consent.ts'
import { stopProblem } from './downstream-token.ts'
import { clientTrace, givenKey, readKept, toKeep } from './idempotency.ts'
import { runWithToken, type Work } from './run-tool.ts'
import type { CallProblem } from './tool-denial.ts'
import { failure, success, type ToolResult } from './tool-result.ts'
import { beginCall, endCall, endRead } from './user-calls.ts'

/** The transaction is that of the call that ran: for a repeat, that of the first. */
export interface Answered<T = ToolOutput> {
  answer: Result<T, CallProblem>
  transaction: string
  isRepeat: boolean
  words: DenialWords
}

/** What a tool wants the user to confirm; null: nothing. */
export interface Description {
  confirmation: Confirmation | null
}

/** One of the two ways to enter, and what is done then. `kept`: the outcome of what worked, and the result for a retry. */
interface Act<T> {
  step: CallIntent['step']
  run: (rest: Record<string, unknown>, ...running: Parameters<Work<T>>) => ReturnType<Work<T>>
  kept: (value: T) => { outcome: 'done' | 'unknown'; result: string | null }
}

/**
 * The only way to run a tool, on both transports. It checks the scope again (the challenge at the edge is for clients,
 * this is for safety), and the intent is on record before anything happens.
 * @step tool-call 6-9 the only way to a tool
 */
export async function invoke(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
): Promise<Answered> {
  return enterAndRun<ToolOutput>(tool, input, principal, caller, {
    step: 'act',
    async run(rest, context, begin) {
      const allowed = await mayAct(tool, rest, context, caller.consent ?? null)
      if (!allowed.ok) return allowed
      // It was cancelled, or this took so long that the client has been told that nothing was changed.
      if (context.signal.aborted) return err({ reason: 'unavailable' })
      begin()
      return tool.run(rest, context)
    },
    kept: (output) =>
      output.isUnknown === true
        ? { outcome: 'unknown', result: null }
        : { outcome: 'done', result: toKeep(output) },
  })
}

/**
 * Finds out what the user must confirm. It is on record as a read (decision 17). A retry of a call that was done is
 * answered like the first.
 */
export async function describe(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
): Promise<Answered<Description | ToolOutput>> {
  return enterAndRun<Description>(tool, input, principal, caller, {
    step: 'describe',
    async run(rest, context) {
      const confirmation = (await tool.confirm?.(rest, context)) ?? ok(null)
      return confirmation.ok ? ok({ confirmation: confirmation.value }) : confirmation
    },
    kept: () => ({ outcome: 'done', result: null }),
  })
}

export const toToolResult = ({ answer, transaction, isRepeat, words }: Answered): ToolResult =>
  answer.ok ? success(answer.value, transaction, isRepeat) : failure(answer.error, transaction, words)

async function enterAndRun<T>(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
  act: Act<T>,
): Promise<Answered<T | ToolOutput>> {
  const answered = judge(tool, input, principal, caller, act)
  // A write that was sent must get its outcome on record, also when the client is gone.
  caller.waitUntil(answered)
  return answered
}

async function judge<T>(
  tool: AnyTool,
  input: unknown,
  principal: Principal,
  caller: Caller,
  act: Act<T>,
): Promise<Answered<T | ToolOutput>> {
  const { words } = caller.product
  if (caller.entered !== undefined) caller.onTaken?.()
  const entered = caller.entered ?? (await enterAgain(tool, input, principal, caller, act.step))
  if ('reason' in entered)
    return { answer: err(entered), transaction: crypto.randomUUID(), isRepeat: false, words }
  const { start, transaction } = entered
  type Answer = Result<T | ToolOutput, CallProblem>
  const once = (answer: Answer) => ({ answer, transaction, isRepeat: false, words })
  const repeated = (answer: Answer, first: string) => ({ answer, transaction: first, isRepeat: true, words })
  switch (start.verdict) {
    case 'go':
      return once(await runOnRecord(tool, principal, caller, { ...entered, start }, act))
    case 'ended':
    case 'unavailable':
      return once(err(stopProblem(start)))
    case 'declined':
      return once(err({ reason: 'declined' }))
    case 'bad_answer':
      return once(err({ reason: 'bad_confirmation' }))
    case 'denied':
      return once(err({ reason: 'policy', denial: start.policy }))
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

/**
 * Begins a call that the edge has not begun, as after a question to the user: every check again, and its own record. Policy
 * decides with a head that is not older than the question (invariant 18).
 */
async function enterAgain(
  tool: AnyTool,
  input: unknown,
  { grant, client, scopes, tokenHash: token }: Principal,
  caller: Caller,
  step: CallIntent['step'],
): Promise<EnteredCall | CallProblem> {
  if (missingScopes(tool, scopes).length > 0) return { reason: 'scope_missing' }
  const parsed = tool.input.safeParse(input)
  if (!parsed.success) return { reason: 'bad_input' }
  const given = givenKey(tool, caller.message.meta, caller.product.keyName)
  if (!given.ok) return given.error
  const key = given.value === null ? null : await keyOf(client, tool.name, given.value)
  const trace = clientTrace(caller.message)
  const transaction = crypto.randomUUID()
  const { policies } = caller
  const about = policies.of(tool, parsed.data)
  if (about.isTooLarge) return { reason: 'too_large' }
  const later: LaterCall = {
    policy: await policies.head(caller.isAfterQuestion === true),
    ask: askOf(about, null, { transport: caller.transport, network: caller.origin.network }),
    grant,
    client,
    transport: caller.transport,
    tool: tool.name,
    effect: tool.effect === 'read' ? 'read' : 'write',
    step,
    token,
    transaction,
    argumentsDigest: await canonicalDigest(restOf(tool, parsed.data)),
    key,
    ...(caller.answer === undefined ? {} : { answer: caller.answer }),
    ...(trace === null ? {} : { clientTrace: trace }),
    facts: callFacts(tool, parsed.data, caller.message.meta, caller.origin),
  }
  const start = await beginCall(caller.userApi, later, (work) => caller.waitUntil(work))
  return { start, transaction, input: parsed.data, isKeyed: key !== null, origin: caller.origin }
}

/** The arguments that say what is to be done, without the client's word on consent. */
const restOf = (tool: AnyTool, input: Record<string, unknown>): Record<string, unknown> =>
  tool.confirm === undefined ? input : splitConsent(input).rest

async function runOnRecord<T>(
  tool: AnyTool,
  principal: Principal,
  caller: Caller,
  { start, transaction, isKeyed, input }: EnteredCall & { start: CallPermit },
  { step, run, kept }: Act<T>,
): Promise<Result<T, CallProblem>> {
  const rest = restOf(tool, input)
  const [beganMs, traffic] = [Date.now(), new ApiTraffic()]
  const running = { transaction, traffic }
  const answer = await runWithToken(tool, start, running, principal, caller, (...work) => run(rest, ...work))
  const { outcome, result } = answer.ok ? kept(answer.value) : outcomeOf(answer.error)
  const facts = endFacts(answer.ok ? null : answer.error, {
    ms: Date.now() - beganMs,
    api: traffic.facts,
    by: caller.consent?.by,
  })
  // Not awaited: the client need not wait for the outcome's way to the user's object.
  caller.waitUntil(
    tool.effect === 'read' || step === 'describe'
      ? endRead(caller.userApi, principal.user, { call: start.call, outcome, facts })
      : endCall(caller.userApi, start.call, outcome, isKeyed ? result : null, facts),
  )
  return answer
}

function outcomeOf({ reason }: CallProblem): { outcome: CallOutcome; result: null } {
  if (reason === 'unknown_outcome') return { outcome: 'unknown', result: null }
  return { outcome: FAILURES.has(reason) ? 'failed' : 'refused', result: null }
}

const FAILURES: ReadonlySet<CallProblem['reason']> = new Set([
  'unavailable',
  'no_audit_log',
  'no_policy',
  'broken',
])
