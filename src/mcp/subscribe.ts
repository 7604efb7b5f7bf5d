import type { Principal } from '#principal.ts'
import { noResource } from './answer-reads.ts'
import type { Reads } from './find-read.ts'
import { errorCode } from './json-rpc-error.ts'
import { missingScopes } from './list-tools.ts'
import type { UserApi } from './deps.ts'
import type { DenialWords } from './product.ts'
import { report } from './report.ts'
import { readDenial, RpcDenial } from './rpc-denial.ts'

/** One request of a session about what it wants to be told of. */
export interface Subscriber {
  principal: Principal
  session: string
  userApi: () => Promise<Pick<UserApi, 'subscribe' | 'unsubscribe'>>
  words: DenialWords
}

const RETRY_AFTER_SECONDS = 5

/** MCP 2025-11-25 Resources, Subscriptions. Whoever may read it may hear of it; nothing is read for that. */
export async function subscribe(reads: Reads, uri: string, subscriber: Subscriber) {
  const { principal, session, words } = subscriber
  const found = reads.resource(uri)
  if (!found.ok) throw noResource(uri, { notFound: errorCode.resourceNotFound })
  // The challenge at the edge is for clients, this is for safety, as in invoke-tool.ts.
  if (missingScopes(found.value.act, principal.scopes).length > 0)
    throw readDenial({ reason: 'scope_missing' }, words)
  const answer = await orNotStarted(words, async () =>
    (await subscriber.userApi()).subscribe(session, principal.grant, uri),
  )
  switch (answer) {
    case 'done':
      return {}
    case 'ended':
      throw readDenial({ reason: 'ended' }, words)
    case 'closed':
      throw new RpcDenial(errorCode.sessionNotFound, 'Session not found')
    case 'too_many':
      throw new RpcDenial(errorCode.refused, TOO_MANY)
    case 'too_long':
      throw new RpcDenial(
        errorCode.refused,
        'This address is too long to be subscribed to. Nothing was changed.',
      )
    default:
      return answer satisfies never
  }
}

const TOO_MANY =
  'This session has as many subscriptions as it may have. Nothing was changed. Unsubscribe from another resource first.'

/** What is not subscribed, or does not exist, is unsubscribed already. */
export async function unsubscribe(uri: string, { principal, session, userApi, words }: Subscriber) {
  await orNotStarted(words, async () => (await userApi()).unsubscribe(session, principal.grant, uri))
  return {}
}

/** A User that does not answer is an outage: at the edge 503 (answer-stopped.ts), or an error that says when. */
async function orNotStarted<T>(words: DenialWords, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    report('session.not-subscribed', error, {})
    throw readDenial({ reason: 'not_started', retryAfterSeconds: RETRY_AFTER_SECONDS }, words)
  }
}
