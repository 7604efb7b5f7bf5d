import { z } from 'zod'
import { networkOf } from '#lib/addresses.ts'
import { log } from '#lib/log.ts'
import { sha256Hex } from '#lib/hash.ts'
import { grantKey, type CommitResult, type Snapshot, tokenKey } from '#users/grants/grant-records.ts'
import type { EndReason } from '#users/grants/grant.ts'
import type { GrantApi } from '#users/grants/grant-service.ts'
import { GrantDraft, type ProviderStorage } from '#oauth-store/provider-storage.ts'
import { tooManyAt } from '../answer-too-many.ts'
import { answerOAuthDenial } from '../oauth-denial.ts'
import { comeAgainLater } from '../or-unavailable.ts'
import { endedDescription } from '../login/denials.ts'
import { openAnswer, encryptAnswer } from './token-answer.ts'
import type { TokenRequest } from './token-form.ts'
import { readIssued } from './token-owner.ts'

export interface TokenRun {
  /** Runs the library once, over the storage given. */
  run(request: Request, storage: ProviderStorage): Promise<Response>
  storage: ProviderStorage
  /** The User whom the id at the front of a token names; null when this server did not make that id. */
  userApiOf(user: string): Promise<GrantApi | null>
  nowSeconds: () => number
  /** The grant exists, live or ended: failures count for it and not for its network. */
  confirmGrant(request: Request): void
  /** Counts a request as a failure although its answer does not say so. */
  noteFailure(request: Request): void
  /** The limit of grants per user, for the words about a grant that ended because of it. */
  mostGrants: number
}

/**
 * POST /token: one run of the unmodified library on a snapshot of the grant, then one commit of all its effects in
 * the User, or none. Who loses a race gets the winner's stored answer. One run per request, ever: a second would
 * burn the client's assertion (RFC 7523 §3, jti).
 * @step login 18-19 tokens for the client, by the OAuth library
 * @step refresh 1-2 the client's tokens, by the OAuth library
 */
export async function answerTokenRequest(
  { request, presented, isRevocation, asked }: TokenRequest,
  parts: TokenRun,
): Promise<Response> {
  const issued = presented === null ? null : readIssued(presented.value)
  const userApi = issued === null ? null : await parts.userApiOf(issued.user)
  if (presented === null || issued === null || userApi === null) return parts.run(request, parts.storage)

  const { user, grant } = issued
  const isRefresh = presented.as === 'refresh_token'
  const hash = await sha256Hex(presented.value)
  const snapshot = await userApi.snapshot(grant, hash, isRefresh)
  if (snapshot.grant !== null || snapshot.ended !== null) parts.confirmGrant(request)
  // Before the library runs: nothing is spent, and the same token works after the wait.
  if (snapshot.waitSeconds > 0) return tooManyAt(request)(snapshot.waitSeconds)
  // Decision 19: nothing of a grant moves while the settings name another tenant. What is revoked ends all the same.
  if (snapshot.isRefused && !isRevocation) return answerOAuthDenial(request, comeAgainLater)
  const known = new Map([
    [grantKey(grant), snapshot.grant],
    [tokenKey(grant, hash), snapshot.token],
  ])
  const draft = new GrantDraft(parts.storage, user, known, parts.nowSeconds)
  const response = await parts.run(request, draft)
  const network = networkOf(request)
  const call: Call = { response, userApi, grant, presented: presented.value, asked, network, parts }
  if (isRefresh && snapshot.repeat === 'reuse') return answerReuse(call)
  if (snapshot.over !== null && !isRevocation) {
    // The library has authenticated the client, or refused it: then nothing changes.
    return response.ok ? end(call, snapshot.over) : response
  }
  if (isRefresh && snapshot.repeat === 'answer') return answerRepeat(call, snapshot)
  if (snapshot.grant === null && snapshot.ended !== null && response.status === 400) {
    return refuseEnded(call, snapshot.ended)
  }
  if (draft.writes.size === 0 || snapshot.grant === null) {
    // RFC 7009 §2.2 has 200 for what does not exist. It was looked up all the same.
    if (isRevocation) parts.noteFailure(request)
    return response
  }
  const answer = isRefresh && response.ok ? await keep(presented.value, response, parts.nowSeconds()) : null
  const spent = answer === null ? null : { hash, answer, asked, network }
  const writes = [...draft.writes]
  const committed = await userApi.commit(grant, { before: snapshot.grant, presented: hash, writes, spent })
  return answerCommitted(call, committed)
}

interface Call {
  response: Response
  userApi: GrantApi
  grant: string
  presented: string
  asked: string
  network: string | null
  parts: TokenRun
}

/** RFC 9700 §4.14.2: somebody holds a token that its owner had already exchanged. */
async function answerReuse(call: Call): Promise<Response> {
  if (!call.response.ok) return call.response
  log.error('security.refresh-token-reused', { grant: call.grant })
  return end(call, 'refresh_reused')
}

async function end(call: Call, reason: EndReason): Promise<Response> {
  await call.userApi.endGrant(call.grant, reason)
  return refuseEnded(call, reason)
}

/** A refresh token that was rotated away a moment ago. */
async function answerRepeat(call: Call, snapshot: Snapshot): Promise<Response> {
  const { response, grant } = call
  if (!response.ok) return response
  if (snapshot.asked !== call.asked || snapshot.answer === null) {
    return refuse(400, 'invalid_grant', 'This refresh token was already exchanged', response)
  }
  // An event and no ending: a phone changes networks between a request and its retry.
  if (snapshot.network !== call.network) log.warn('security.refresh-repeated-elsewhere', { grant })
  return repeatAnswer(call, snapshot.answer)
}

async function answerCommitted(call: Call, committed: CommitResult): Promise<Response> {
  const { response, userApi, grant } = call
  switch (committed.outcome) {
    case 'done':
      return response
    case 'ended':
      return refuseEnded(call, committed.ended)
    case 'revoked':
      await userApi.endGrant(grant, response.ok ? 'revoked_by_client' : 'code_reused')
      return response
    case 'code_reused':
      // OAuth 2.1 §4.1.3: denied, and what the first redemption brought ends too.
      log.error('security.code-reused', { grant })
      await userApi.endGrant(grant, 'code_reused')
      return refuse(400, 'invalid_grant', 'This code was already used', response)
    case 'not_presented':
      log.error('security.commit-refused', { grant })
      return refuse(400, 'invalid_grant', 'This code or token is not valid', response)
    case 'lost':
      if (committed.answer !== null) return repeatAnswer(call, committed.answer)
      return refuse(400, 'invalid_grant', 'This refresh token was already exchanged', response)
    default:
      return committed satisfies never
  }
}

const Stored = z.object({ atSeconds: z.number(), answer: z.looseObject({ expires_in: z.number() }) })

/** What is kept of an answer: `expires_in` counts from then. */
async function keep(presented: string, response: Response, atSeconds: number): Promise<string> {
  return encryptAnswer(presented, JSON.stringify({ atSeconds, answer: await response.clone().json() }))
}

async function repeatAnswer({ presented, response, parts }: Call, encrypted: string): Promise<Response> {
  const { atSeconds, answer } = Stored.parse(JSON.parse(await openAnswer(presented, encrypted)))
  const expiresIn = Math.max(0, answer.expires_in - (parts.nowSeconds() - atSeconds))
  return Response.json({ ...answer, expires_in: expiresIn }, { headers: headersLike(response) })
}

const refuseEnded = ({ parts, response }: Call, reason: EndReason): Response =>
  refuse(
    400,
    'invalid_grant',
    `${endedDescription(reason, parts.mostGrants)}. Connect and sign in again`,
    response,
  )

const refuse = (status: number, error: string, description: string, like: Response | null): Response =>
  Response.json({ error, error_description: description }, { status, headers: headersLike(like) })

/** CORS and no-store of the library's own answer, for one that stands in its place. */
function headersLike(response: Response | null): Headers {
  const headers = new Headers(response?.headers)
  headers.delete('Content-Length')
  headers.set('Cache-Control', 'no-store')
  return headers
}
