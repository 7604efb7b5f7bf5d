import {
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type InputRequiredResult,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { canonicalDigest } from '#lib/hash.ts'
import type { ConfirmationApi } from '#users/requests/confirmations.ts'
import type { Principal } from '#principal.ts'
import { splitConsent } from '#catalog/confirmation.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { DenialWords } from '../product.ts'
import { type Consent, noConsent, subjectOf, canShowForms, formOf, readReply } from '../calls/consent.ts'
import { type Answered, toToolResult } from '../calls/invoke-tool.ts'
import { report } from '../edge/request-log.ts'
import { RequestState, type StateKeys, writeState } from './request-state.ts'
import type { CallProblem } from '../calls/tool-denial.ts'
import { failure, type ToolResult } from '../calls/tool-result.ts'

/** How long the user has to answer; also the lifetime of the request state. */
const ANSWER_SECONDS = 600
const QUESTION = 'confirm'

export interface AskDeps {
  principal: Principal
  keys: () => Promise<StateKeys>
  nowSeconds: () => number
  userApi: () => Promise<ConfirmationApi>
  words: DenialWords
}

type McpRequest = Pick<
  ServerContext['mcpReq'],
  'envelope' | 'inputResponses' | 'droppedInputResponseKeys' | 'requestState'
>

/**
 * MCP 2026-07-28 MRTR: the first call is answered with the question, and a second call brings the user's answer. The
 * second call may reach another machine, so the client carries the state. The user's object makes each answer single-use.
 */
export async function askStateless(
  tool: AnyTool,
  input: Record<string, unknown>,
  mcpReq: McpRequest,
  run: (consent: Consent) => Promise<Answered>,
  deps: AskDeps,
): Promise<ToolResult | InputRequiredResult> {
  const canAsk = tool.confirm !== undefined && canShowForms(declared(mcpReq.envelope))
  if (!canAsk) return toToolResult(await run(noConsent))
  const call = await canonicalDigest([tool.name, splitConsent(input).rest])
  const state = RequestState.safeParse(mcpReq.requestState())
  let consent: Consent = { canAsk: true, given: null }
  // A state without a reply means: ask again.
  if (state.success && hasReply(mcpReq)) {
    const denial = await useAnswer(state.data, call, deps)
    if (denial !== null) return failure(denial, null, deps.words)
    const reply = readReply(inputResponse(mcpReq.inputResponses, QUESTION))
    if (reply === 'declined') return failure({ reason: 'declined' }, null, deps.words)
    if (reply === 'not_asked') return toToolResult(await run(noConsent))
    consent = { canAsk: true, given: state.data.subject }
  }
  const answered = await run(consent)
  const { answer } = answered
  if (answer.ok || answer.error.reason !== 'unconfirmed') return toToolResult(answered)
  const { confirmation } = answer.error
  const endsAtSeconds = deps.nowSeconds() + ANSWER_SECONDS
  const subject = await subjectOf(confirmation)
  const next = { call, subject, nonce: crypto.randomUUID(), endsAtSeconds }
  return inputRequired({
    inputRequests: { [QUESTION]: inputRequired.elicit(formOf(confirmation)) },
    requestState: await writeState(await deps.keys(), deps.principal, next),
  })
}

/** Whether the client sent a reply; the SDK drops malformed ones and lists their keys. */
const hasReply = ({ inputResponses, droppedInputResponseKeys }: McpRequest): boolean =>
  Object.hasOwn(inputResponses ?? {}, QUESTION) || droppedInputResponseKeys?.includes(QUESTION) === true

const Envelope = z.object({ [CLIENT_CAPABILITIES_META_KEY]: z.unknown() })

/** The capabilities declared in this request; another request of the same client may differ. */
const declared = (envelope: unknown): unknown =>
  Envelope.safeParse(envelope).data?.[CLIENT_CAPABILITIES_META_KEY]

/** Consumes the answer, a "no" included: a question cannot be answered twice. */
async function useAnswer(
  { call, nonce, endsAtSeconds }: RequestState,
  currentCall: string,
  { principal, userApi }: AskDeps,
): Promise<CallProblem | null> {
  if (call !== currentCall) return { reason: 'bad_confirmation' }
  try {
    const used = { grant: principal.grant, nonce, attempt: crypto.randomUUID(), endsAtSeconds }
    const use = await (await userApi()).useConfirmation(used)
    return use === 'done' ? null : { reason: 'bad_confirmation' }
  } catch (error) {
    report('confirmation.not-used', error, {})
    return { reason: 'not_started', retryAfterSeconds: 5 }
  }
}
