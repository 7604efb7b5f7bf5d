import { z } from 'zod'
import type { CountDenial } from '#events/denial-count.ts'
import { networkOf } from '#lib/addresses.ts'
import { fromBase64Url, sha256Hex, toBase64Url } from '#lib/hash.ts'
import { readIssuedToken } from '#lib/issued-token.ts'
import { log } from '#lib/log.ts'
import { GrantDraft } from '#oauth-store/provider-storage.ts'
import { type PolicyHead, switchedOff } from '#policy/switches.ts'
import { nameIn } from '#users/base/user-id.ts'
import type { EndReason } from '#users/grants/grant.ts'
import { CommitResult, grantKey, Snapshot, tokenKey } from '#users/grants/grant-records.ts'
import type { GrantApi } from '#users/grants/grant-service.ts'
import { type Cutoffs, cutoffOf, endCutOff } from '../clients/cut-off.ts'
import {
  answerOAuthDenial,
  endedDescription,
  type OAuthDenial,
  retryLater,
  switchedOffDenial,
  tooManyAt,
} from '../oauth-denial.ts'
import type { LibraryRun } from '../server.ts'
import { admitTokenRequest, type TokenDeps } from './admit-token-request.ts'
import type { TokenRequest } from './token-form.ts'
import { isUnderRetiredKey } from './token-owner.ts'

export interface TokenRunDeps extends LibraryRun {
  /** The object of a user id; null if this server did not make the id. */
  userApiOf(user: string): Promise<GrantApi | null>
  nowSeconds: () => number
  /** Milliseconds since 1970. */
  nowMs: () => number
  /** The policy in force with its switches; null: none is young enough. */
  policyHead: () => Promise<PolicyHead | null>
  cutoffs: Cutoffs
  /** The grant exists, live or ended: failures count for it and not for its network. */
  confirmGrant(request: Request): void
  /** Counts a request as a failure although its answer does not say so. */
  noteFailure(request: Request): void
  /** The limit of grants per user, for the description of a grant that ended because of it. */
  mostGrants: number
}

/** POST /token: admission and limits, then one run of the library. */
export async function answerTokenRequest(
  original: Request,
  deps: TokenDeps,
  runDeps: TokenRunDeps,
): Promise<Response> {
  const admitted = await admitTokenRequest(original, deps)
  if (!admitted.ok) return admitted.error
  const { request, presented } = admitted.value
  const token = presented?.value ?? ''
  const isRetired = isUnderRetiredKey(deps.config, token)
  const run = () => runLibrary(admitted.value, runDeps, deps.countDenial)
  return deps.failures.limitToken({ request, token, isRetired }, run, tooManyAt(request, deps.countDenial))
}

/**
 * Runs the unmodified library once on a snapshot of the grant, then commits all its effects in the user's object, or
 * none. The loser of a race gets the winner's stored answer. Never runs twice: a second run would use up the client's
 * assertion (RFC 7523 §3, jti).
 * @step login 18-19 tokens for the client, by the OAuth library
 * @step refresh 1-2 the client's tokens, by the OAuth library
 */
async function runLibrary(
  { request, presented, isRevocation, asked }: TokenRequest,
  deps: TokenRunDeps,
  countDenial: CountDenial,
): Promise<Response> {
  const issued = presented === null ? null : readIssuedToken(presented.value)
  const userApi = issued === null ? null : await deps.userApiOf(issued.user)
  if (presented === null || issued === null || userApi === null) {
    const answer = await deps.run(request, deps.storage)
    if (!answer.ok) countDenial('token.refused')
    return answer
  }

  const { user, grant } = issued
  const isRefresh = presented.as === 'refresh_token'
  const hash = await sha256Hex(presented.value)
  const loading = deps.cutoffs.load()
  const [found, head] = await Promise.all([userApi.snapshot(grant, hash, isRefresh), deps.policyHead()])
  const snapshot = Snapshot.parse(found)
  if (snapshot.grant !== null || snapshot.ended !== null) deps.confirmGrant(request)
  // Before the library runs: nothing is consumed, and the same token works after the wait.
  if (snapshot.waitSeconds > 0) return tooManyAt(request)(snapshot.waitSeconds)
  // Decision 19: a grant does not change while the settings name another tenant, except that a revocation ends it.
  if (snapshot.isRefused && !isRevocation) return answerOAuthDenial(request, retryLater)
  const stopped =
    isRevocation || snapshot.opened === null ? null : stopBySwitch(user, snapshot.opened, head, deps)
  if (stopped !== null) return answerOAuthDenial(request, stopped)
  const known = new Map([
    [grantKey(grant), snapshot.grant],
    [tokenKey(grant, hash), snapshot.token],
  ])
  const draft = new GrantDraft(deps.storage, user, known, deps.nowSeconds)
  const response = await deps.run(request, draft)
  // A grant that exists belongs to a user, who has an audit log.
  if (!response.ok && snapshot.grant === null && snapshot.ended === null) countDenial('token.refused')
  const network = networkOf(request)
  const run: Run = { response, userApi, grant, presented: presented.value, asked, network, deps }
  if (isRefresh && snapshot.repeat === 'reuse') return answerReuse(run)
  if (snapshot.over !== null && !isRevocation) {
    // Only an authenticated client ends a grant: for another one nothing changes.
    return response.ok ? end(run, snapshot.over) : response
  }
  if (loading !== null) await loading
  const cutoff = snapshot.opened === null ? null : cutoffOf(snapshot.opened, deps.cutoffs)
  if (cutoff !== null && !isRevocation) {
    if (!response.ok) return response
    await endCutOff(userApi, cutoff)
    return refuseEnded(run, 'ended_by_operator')
  }
  if (isRefresh && snapshot.repeat === 'answer') return answerRepeat(run, snapshot)
  if (snapshot.grant === null && snapshot.ended !== null && response.status === 400) {
    return refuseEnded(run, snapshot.ended)
  }
  if (draft.writes.size === 0 || snapshot.grant === null) {
    // RFC 7009 §2.2 answers 200 for a token that does not exist. It counts as a failure.
    if (isRevocation) deps.noteFailure(request)
    return response
  }
  const answer = isRefresh && response.ok ? await storedAnswer(run) : null
  const spent = answer === null ? null : { hash, answer, asked, network }
  const writes = [...draft.writes]
  const commit = { before: snapshot.grant, presented: hash, writes, spent }
  return answerCommitted(run, CommitResult.parse(await userApi.commit(grant, commit)))
}

/** Before the library runs: nothing is used up. Ending access always works. */
function stopBySwitch(
  user: string,
  { client, domain }: NonNullable<Snapshot['opened']>,
  head: PolicyHead | null,
  { nowMs }: Pick<TokenRunDeps, 'nowMs'>,
): OAuthDenial | null {
  if (head === null) return retryLater
  const about = { user: nameIn(user), client: { id: client, domain: domain ?? '' }, subject: null }
  const off = switchedOff(head.switches, about, nowMs())
  return off === null ? null : switchedOffDenial(off, nowMs())
}

/** One run of the library, and the request that it was for. */
interface Run {
  response: Response
  userApi: GrantApi
  grant: string
  presented: string
  asked: string
  network: string | null
  deps: TokenRunDeps
}

/** RFC 9700 §4.14.2: someone presented a refresh token that was exchanged before. */
async function answerReuse(run: Run): Promise<Response> {
  if (!run.response.ok) return run.response
  log.error('security.refresh-token-reused', { grant: run.grant })
  return end(run, 'refresh_reused')
}

async function end(run: Run, reason: EndReason): Promise<Response> {
  await run.userApi.endGrant(run.grant, reason)
  return refuseEnded(run, reason)
}

/** A refresh token that was rotated within the grace period. */
async function answerRepeat(run: Run, snapshot: Snapshot): Promise<Response> {
  const { response, userApi, grant } = run
  if (!response.ok) return response
  if (snapshot.asked !== run.asked || snapshot.answer === null) return refuse(run, EXCHANGED)
  // Reported only: a phone may change networks between a request and its retry.
  if (snapshot.network !== run.network) {
    log.warn('security.refresh-repeated-elsewhere', { grant })
    await userApi.reportFinding(grant, 'refresh-repeated-elsewhere')
  }
  return repeatAnswer(run, snapshot.answer)
}

async function answerCommitted(run: Run, committed: CommitResult): Promise<Response> {
  const { response, userApi, grant } = run
  switch (committed.outcome) {
    case 'done':
      return response
    case 'ended':
      return refuseEnded(run, committed.ended)
    case 'revoked':
      await userApi.endGrant(grant, response.ok ? 'revoked_by_client' : 'code_reused')
      return response
    case 'code_reused':
      // OAuth 2.1 §4.1.3: the tokens of the first redemption are revoked too.
      log.error('security.code-reused', { grant })
      await userApi.endGrant(grant, 'code_reused')
      return refuse(run, 'This code was already used')
    case 'not_presented':
      log.error('security.commit-refused', { grant })
      return refuse(run, 'This code or token is not valid')
    case 'lost':
      return committed.answer === null ? refuse(run, EXCHANGED) : repeatAnswer(run, committed.answer)
    default:
      return committed satisfies never
  }
}

const EXCHANGED = 'This refresh token was already exchanged'

const StoredAnswer = z.object({ atSeconds: z.number(), answer: z.looseObject({ expires_in: z.number() }) })

/** `expires_in` of a stored answer counts from `atSeconds`. */
async function storedAnswer({ presented, response, deps }: Run): Promise<string> {
  const answer: unknown = await response.clone().json()
  return encryptAnswer(presented, JSON.stringify({ atSeconds: deps.nowSeconds(), answer }))
}

async function repeatAnswer({ presented, response, deps }: Run, encrypted: string): Promise<Response> {
  const { atSeconds, answer } = StoredAnswer.parse(JSON.parse(await decryptAnswer(presented, encrypted)))
  const expiresIn = Math.max(0, answer.expires_in - (deps.nowSeconds() - atSeconds))
  return Response.json({ ...answer, expires_in: expiresIn }, { headers: headersLike(response) })
}

const refuseEnded = (run: Run, reason: EndReason): Response =>
  refuse(run, `${endedDescription(reason, run.deps.mostGrants)}. Connect and sign in again`)

const refuse = ({ response }: Run, description: string): Response =>
  Response.json(
    { error: 'invalid_grant', error_description: description },
    { status: 400, headers: headersLike(response) },
  )

/** The headers of the library's answer, for one that replaces it. */
function headersLike(response: Response): Headers {
  const headers = new Headers(response.headers)
  headers.delete('Content-Length')
  headers.set('Cache-Control', 'no-store')
  return headers
}

/**
 * The key of a stored answer is derived from the redeemed refresh token, of which the server keeps only a hash: only a
 * client that presents the token again can decrypt it.
 */
async function answerKeyOf(token: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(token)
  const root = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey'])
  const info = new TextEncoder().encode('answer to a repeated refresh')
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
  return crypto.subtle.deriveKey(hkdf, root, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

async function encryptAnswer(token: string, answer: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const bytes = new TextEncoder().encode(answer)
  const encrypted = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await answerKeyOf(token), bytes)
  return `${toBase64Url(iv)}.${toBase64Url(encrypted)}`
}

/** Throws on failure: a stored answer that does not fit its token is a bug. */
async function decryptAnswer(token: string, encrypted: string): Promise<string> {
  const [iv = '', text = ''] = encrypted.split('.')
  const algorithm = { name: 'AES-GCM', iv: fromBase64Url(iv) }
  const bytes = await crypto.subtle.decrypt(algorithm, await answerKeyOf(token), fromBase64Url(text))
  return new TextDecoder().decode(bytes)
}
