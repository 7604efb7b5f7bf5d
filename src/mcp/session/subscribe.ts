import type { Principal } from '#principal.ts'
import { noResource } from '../calls/answer-reads.ts'
import type { UserApi } from '../deps.ts'
import type { DenialWords } from '../product.ts'
import { answerStop } from '../edge/denials.ts'
import type { Id, MethodMessage } from '../edge/read-message.ts'
import {
  answerDenial,
  answerResult,
  errorCode,
  readDenial,
  RETRY_AFTER_SECONDS,
  RpcDenial,
} from '../json-rpc-error.ts'
import { missingScopes } from '../lists/listed.ts'
import type { Reads } from '../lists/reads.ts'
import { report } from '../edge/request-log.ts'
import type { CallProblem } from '../calls/tool-denial.ts'

/** The context of one subscribe or unsubscribe request. */
interface Subscriber {
  principal: Principal
  session: string
  words: DenialWords
  userApi: Pick<UserApi, 'subscribe' | 'unsubscribe'>
}

/**
 * Answers a subscribe or unsubscribe message; null for any other. The session's object is not needed: the user's object
 * keeps the subscriptions.
 */
export async function answerSubscription(
  reads: Reads,
  { id, method, params }: MethodMessage & { id: Id },
  subscriber: Subscriber,
  auth: { audience: string },
): Promise<Response | null> {
  const uri = params?.['uri']
  const isSubscribe = method === 'resources/subscribe'
  if ((!isSubscribe && method !== 'resources/unsubscribe') || typeof uri !== 'string') return null
  try {
    const problem = await (isSubscribe ? subscribe(reads, uri, subscriber) : unsubscribe(uri, subscriber))
    return (problem === null ? null : answerStop(problem, auth)) ?? answerResult(id, {})
  } catch (error) {
    if (error instanceof RpcDenial) return answerDenial(id, error)
    throw error
  }
}

/** MCP 2025-11-25 Resources, Subscriptions. Needs the scopes of a read; reads nothing. */
export async function subscribe(
  reads: Reads,
  uri: string,
  { principal, session, words, userApi }: Subscriber,
): Promise<CallProblem | null> {
  const found = reads.resource(uri)
  if (!found.ok || principal.isNameHidden) throw noResource(uri, { notFound: errorCode.resourceNotFound })
  // Checked again after the challenge at the edge, as in invoke-tool.ts.
  if (missingScopes(found.value.act, principal.scopes).length > 0)
    throw readDenial({ reason: 'scope_missing' }, words)
  const answer = await orNotStarted(() => userApi.subscribe(session, principal.grant, uri))
  switch (answer) {
    case 'done':
      return null
    case 'ended':
      return { reason: 'ended' }
    case 'closed':
      throw new RpcDenial(errorCode.sessionNotFound, 'Session not found')
    case 'too_many':
      throw new RpcDenial(errorCode.refused, TOO_MANY)
    case 'too_long':
      throw new RpcDenial(errorCode.refused, TOO_LONG)
    default:
      return answer
  }
}

const TOO_MANY =
  'This session has as many subscriptions as it may have. Nothing was changed. Unsubscribe from another resource first.'
const TOO_LONG = 'This address is too long to be subscribed to. Nothing was changed.'

/** Idempotent: an unknown resource counts as unsubscribed. */
const unsubscribe = (uri: string, { principal, session, userApi }: Subscriber): Promise<CallProblem | null> =>
  orNotStarted(async () => {
    await userApi.unsubscribe(session, principal.grant, uri)
    return null
  })

async function orNotStarted<T>(ask: () => Promise<T>): Promise<T | CallProblem> {
  try {
    return await ask()
  } catch (error) {
    report('session.not-subscribed', error, {})
    return { reason: 'not_started', retryAfterSeconds: RETRY_AFTER_SECONDS }
  }
}
