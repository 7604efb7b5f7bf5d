import {
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type InputRequiredResult,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { splitConsent } from '#catalog/confirmation.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { canonicalDigest } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'
import type { PresentedBearer, Principal } from '#principal.ts'
import type { UserAnswer } from '#users/calls/calls.ts'
import { act, actOnWordOfModel, type ConfirmableCall, confirmFirst } from '../calls/confirm-first.ts'
import { canShowForms, formOf, readReply, subjectOf } from '../calls/consent.ts'
import type { CallProblem } from '../calls/tool-denial.ts'
import type { ToolResult } from '../calls/tool-result.ts'
import { readState, type StateKeys, writeState } from './request-state.ts'

/** How long the user has to answer; also the lifetime of the request state. */
const ANSWER_SECONDS = 600
const QUESTION = 'confirm'

/** The user's answer to a question, as the edge read it from the message. */
export interface StatelessAnswer extends UserAnswer {
  reply: ReturnType<typeof readReply>
  /** Digest of what the user was asked. */
  subject: string
}

export interface AskDeps {
  principal: Principal
  keys: () => Promise<StateKeys>
  nowSeconds: () => number
  /** null: the message brings no answer. */
  answer: StatelessAnswer | null
}

const Answering = z.object({
  params: z.object({ requestState: z.string(), inputResponses: z.record(z.string(), z.unknown()) }),
})

/**
 * Reads the answer that a message brings, for the edge: the call enters with it. null: it brings none, or its state is
 * not ours, which the SDK then says.
 */
export async function readAnswer(
  message: unknown,
  call: { tool: AnyTool; input: Record<string, unknown> },
  {
    keys,
    bearer,
    nowSeconds,
  }: { keys: () => Promise<StateKeys>; bearer: PresentedBearer; nowSeconds: number },
): Promise<Result<StatelessAnswer | null, CallProblem>> {
  const { requestState, inputResponses } = Answering.safeParse(message).data?.params ?? {}
  // A state without a reply means: ask again.
  if (requestState === undefined || inputResponses === undefined || !Object.hasOwn(inputResponses, QUESTION))
    return ok(null)
  const state = await readState(await keys(), bearer, requestState, nowSeconds)
  if (state === null) return ok(null)
  if (state.call !== (await digestOf(call))) return err({ reason: 'bad_confirmation' })
  const reply = readReply(inputResponses[QUESTION])
  const { client, nonce, endsAtSeconds, subject } = state
  return ok({ client, nonce, endsAtSeconds, isDeclined: reply === 'declined', reply, subject })
}

const digestOf = ({ tool, input }: { tool: AnyTool; input: Record<string, unknown> }): Promise<string> =>
  canonicalDigest([tool.name, splitConsent(input).rest])

/**
 * MCP 2026-07-28 MRTR: the first call is answered with the question, and a second call brings the user's answer. The
 * second call may reach another machine, so the client carries the state. The user's object makes each answer single-use.
 */
export async function askStateless(
  call: ConfirmableCall,
  envelope: unknown,
  { answer, keys, nowSeconds, principal }: AskDeps,
): Promise<ToolResult | InputRequiredResult> {
  if (answer !== null && answer.reply !== 'not_asked')
    return act(call, { by: 'user', subject: answer.subject })
  const question = await confirmFirst(call)
  if (!('confirmation' in question)) return question
  const { confirmation } = question
  if (answer !== null || !canShowForms(declared(envelope))) return actOnWordOfModel(call, question)
  const next = {
    call: await digestOf(call),
    subject: await subjectOf(confirmation),
    nonce: crypto.randomUUID(),
    endsAtSeconds: nowSeconds() + ANSWER_SECONDS,
  }
  return inputRequired({
    inputRequests: { [QUESTION]: inputRequired.elicit(formOf(confirmation)) },
    requestState: await writeState(await keys(), principal, next),
  })
}

const Envelope = z.object({ [CLIENT_CAPABILITIES_META_KEY]: z.unknown() })

/** The capabilities declared in this request; another request of the same client may differ. */
const declared = (envelope: unknown): unknown =>
  Envelope.safeParse(envelope).data?.[CLIENT_CAPABILITIES_META_KEY]
