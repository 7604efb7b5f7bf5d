import type { OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import type { PresentedBearer, Principal } from '#principal.ts'
import type { Entry, EntryAnswer } from '#users/calls/entry.ts'
import type { EnteredCall } from '../calls/caller.ts'
import { failure } from '../calls/tool-result.ts'
import type { ServedCall } from '../deps.ts'
import { answerDenial, answerToolResult, readDenial } from '../json-rpc-error.ts'
import { isShown, type McpProduct } from '../product.ts'
import type { Arrival, Wanted } from './arrival.ts'
import { challengeScopes } from './challenge-scopes.ts'
import { answerPolicy } from './denials.ts'
import { findWrongParams } from './read-message.ts'

/* What the answer of the user's object means for a request. */

export type EnteredRequest = Pick<ServedCall, 'request' | 'env' | 'ctx' | 'principal' | 'arrival' | 'answer'>

/** What does not exist for this grant is not wanted: it is answered as an unknown name. */
export const withoutHidden = (arrival: Arrival, answer: EntryAnswer): Arrival =>
  arrival.wanted === null || isShown(arrival.wanted.act, viewerOf(answer))
    ? arrival
    : { ...arrival, wanted: null }

const viewerOf = ({ canAudit, policy }: EntryAnswer) => ({
  canAudit,
  isNameHidden: policy?.reason === 'policy_hidden',
})

/** The denial of a request whose bearer is accepted; null: it goes on to a transport. */
export function denialOf(
  { ctx: { auth }, principal, arrival: { wanted, envelope }, answer }: EnteredRequest,
  { server, words }: McpProduct,
): Response | null {
  const { policy } = answer
  if (policy !== null && policy.reason !== 'policy_hidden')
    return answerPolicy(policy, envelope?.kind === 'request' ? envelope.message : null, { server, words })
  const { user } = principal
  if (wanted === null || envelope?.kind !== 'request') return null
  const { message } = envelope
  const { missing, stepUp } = answer
  if (missing.length > 0)
    return challengeScopes({ auth, user, wanted, missing, stepUp, id: message.id, server })
  const { problem, isTool } = wanted
  if (problem === null) return null
  if (isTool) return answerToolResult(message.id, failure(problem, null, words), server)
  const wrong = findWrongParams('session', message, null, principal)
  return answerDenial(message.id, wrong ?? readDenial(problem, words))
}

/** The call that the edge refuses, for the audit log. */
export function refusedCall(wanted: Wanted | null): Entry['refused'] {
  if (wanted === null || wanted.problem === null) return undefined
  return { tool: wanted.act.name, reason: wanted.problem.reason, facts: wanted.facts }
}

export function begunCall({ wanted, origin }: Arrival, { start }: EntryAnswer): EnteredCall | undefined {
  if (start === null || wanted === null || wanted.call === null) return undefined
  const { transaction, key } = wanted.call
  return { start, transaction, input: wanted.input, isKeyed: key !== null, origin }
}

export function principalOf(
  { auth }: OAuthResourceContext<unknown>,
  { grant, token: tokenHash }: PresentedBearer,
  answer: EntryAnswer,
  ask: Arrival['ask'],
): Principal {
  const { userId, clientId, scope, expiresAt } = auth
  if (userId === undefined || clientId === undefined || expiresAt === undefined) {
    throw new Error('the bearer was accepted without saying whom it stands for')
  }
  const [user, client, scopes, expiresAtSeconds] = [userId, clientId, scope, expiresAt]
  // By name: the object of a session may be of another version, with another list.
  const hidden = answer.hidden.flatMap((at) => ask?.list?.[at]?.names[0] ?? [])
  return { user, client, grant, scopes, expiresAtSeconds, tokenHash, ...viewerOf(answer), hidden }
}
