import { z } from 'zod'
import { continueAnswer } from '#authorization/login/answers.tsx'
import { discardTokens } from '#authorization/login/login-state.ts'
import { type Callback, denialIn, readCallback } from '#authorization/login/read-callback.ts'
import { droppedCookie, ownCookie, readCookie } from '#http/cookies.ts'
import { sha256Hex } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { encryptionPurposes } from '#lib/root-keys.ts'
import type { LoginRequest } from '#pingone/authorization-url.ts'
import type { IdTokenClaims } from '#pingone/claims.ts'
import type { DownstreamTokens } from '#pingone/token-requests.ts'
import { decrypt, encrypt } from '#users/base/encryption.ts'
import { makeUserId } from '#users/base/user-id.ts'
import { FRESH_SECONDS } from '#users/requests/page-sessions.ts'
import { denySignIn, type SignInDenial } from './denials.ts'
import type { SignInDeps } from './deps.ts'
import { newSecret } from './page-session.ts'

/**
 * The purpose of a sign-in. It is encrypted when the sign-in begins, so no sign-in can end as another one (decision 1).
 * A room adds fields of its own, and parses them strictly in its branch.
 */
const Purpose = z.looseObject({
  /** Tells the rooms' purposes apart, also in the log. */
  kind: z.string(),
  /** The path of the page that began the sign-in. A failed sign-in links to it. */
  returnTo: z.string(),
})
export type Purpose = z.infer<typeof Purpose>

/**
 * The state of a sign-in between the first page and `/signed-in`, in an encrypted cookie: beginning a sign-in stores
 * nothing on the server. The `state` is part of the additional data, so the cookie decrypts for this sign-in only.
 */
const Transaction = z.strictObject({
  purpose: Purpose,
  verifier: z.string(),
  nonce: z.string(),
  issuer: z.string(),
  isForApi: z.boolean(),
  isForced: z.boolean(),
  endsAtSeconds: z.number(),
})
type Transaction = z.infer<typeof Transaction>

/** The result of a sign-in that passed every check. */
export interface FinishedSignIn {
  user: IdTokenClaims
  /** The user's id (users/base/user-id.ts). */
  userId: string
  /** Null if no scope of the API was requested. A branch that does not store them calls `discardTokens`. */
  tokens: DownstreamTokens | null
  /** Headers that the answer must have: they remove the cookie of this sign-in. */
  headers: Headers
}

export interface SignInOptions {
  /** PingOne must authenticate the user again, even if the browser has a session there. */
  isForced?: boolean
  headers?: Headers
}

/** `client`: the MCP client, for the screens of the flow. */
type SignInRequest = Pick<LoginRequest, 'scopes' | 'client'> & SignInOptions

/** A room's handlers for a purpose that it began. */
export interface SignInBranch {
  /** Begins the same sign-in again. */
  begin: (options: SignInOptions) => Promise<Response>
  finish: (signIn: FinishedSignIn) => Promise<Response>
}

const SIGN_IN_SECONDS = 600
/** Clock tolerance, as in pingone/check-tokens.ts. */
const TOLERANCE_SECONDS = 60
const STATE = /^[A-Za-z0-9_-]{43}$/

const redirectUriOf = ({ config }: SignInDeps): string => `${config.publicOrigin}/signed-in`
// One cookie for each sign-in, so that sign-ins in two tabs both finish.
const cookieOf = (state: string) => `__Host-sign-in-${state.slice(0, 16)}` as const
const placeOf = (state: string) => ({ purpose: encryptionPurposes.ownSignIn, grant: state })

/**
 * Sends the browser to PingOne, and binds the sign-in to this browser by a cookie. Call it only after the form was checked.
 * If PingOne is down nothing changes, so the user can submit the form again.
 * @step step-up 8-9 to PingOne
 */
export async function beginOwnSignIn(
  purpose: Purpose,
  { scopes, client, isForced = false, headers = new Headers() }: SignInRequest,
  deps: SignInDeps,
): Promise<Response> {
  const { config, pingone, nowSeconds } = deps
  const state = newSecret()
  const secrets = pingone.newLoginSecrets()
  const url = await pingone.authorizationUrl({
    redirectUri: redirectUriOf(deps),
    state,
    secrets,
    scopes,
    client,
    freshness: { maxAgeSeconds: FRESH_SECONDS, isForced },
  })
  if (!url.ok) return denySignIn({ denial: url.error, purpose, headers }, deps)
  const transaction: Transaction = {
    ...secrets,
    purpose,
    isForApi: scopes.length > 0,
    isForced,
    endsAtSeconds: nowSeconds() + SIGN_IN_SECONDS,
  }
  const encrypted = await encrypt(config.rootKeys, placeOf(state), JSON.stringify(transaction))
  headers.append('Set-Cookie', ownCookie(cookieOf(state), encrypted, SIGN_IN_SECONDS))
  return continueAnswer(config, url.value.href, 'pingone', headers)
}

/**
 * GET /signed-in: PingOne's answer to a sign-in of our own pages. `branchOf` returns the branch of the room that the
 * purpose belongs to; null if no room knows it. With several rooms, chain their functions with `??`.
 * @step me 7-10 PingOne's answer, by purpose
 */
export async function finishOwnSignIn(
  request: Request,
  branchOf: (purpose: Purpose) => SignInBranch | null,
  deps: SignInDeps,
): Promise<Response> {
  const headers = new Headers()
  const begun = await readTransaction(request, headers, deps)
  if (!begun.ok) return denySignIn({ denial: begun.error, purpose: null, headers }, deps)
  const { purpose } = begun.value
  const branch = branchOf(purpose)
  if (branch === null) return denySignIn({ denial: UNREADABLE, purpose: null, headers }, deps)
  const verified = await verify(begun.value, deps)
  if (verified.ok) return branch.finish({ ...verified.value, headers })
  const denial = verified.error
  // The session at PingOne was too old and its flow ignored max_age: retry once, with prompt=login.
  if (denial.reason === 'stale' && !denial.isForced) return branch.begin({ isForced: true, headers })
  return denySignIn({ denial, purpose, headers }, deps)
}

interface TransactionAnswer extends Transaction {
  callback: Callback
}

const notOurs = (detail: string): SignInDenial => ({ reason: 'not_ours', detail })
/** An earlier version of this server wrote the cookie. */
const UNREADABLE = notOurs('of another version')

/** The transaction that this browser began. Adds the removal of its cookie to `headers`. */
async function readTransaction(
  request: Request,
  headers: Headers,
  { config, nowSeconds }: SignInDeps,
): Promise<Result<TransactionAnswer, SignInDenial>> {
  const callback = readCallback(request.url)
  // Checked first: a malformed answer must not use up the sign-in.
  if (callback === null || !STATE.test(callback.state)) return err(notOurs('not an answer of PingOne'))
  const { state } = callback
  const cookie = readCookie(request, cookieOf(state))
  if (cookie === null) return err(notOurs('not of this browser'))
  headers.append('Set-Cookie', droppedCookie(cookieOf(state)))
  const opened = await decrypt(config.rootKeys, placeOf(state), cookie)
  if (!opened.ok) return err(notOurs(opened.error.reason))
  const transaction = Transaction.safeParse(JSON.parse(opened.value))
  if (!transaction.success) return err(UNREADABLE)
  if (transaction.data.endsAtSeconds <= nowSeconds()) return err(notOurs('too old'))
  return ok({ ...transaction.data, callback })
}

/**
 * Identifies the user, by every check of invariant 4. Discards tokens that the caller does not get.
 * @step step-up 11-12 PingOne's answer
 * @step me 7-8 the signed-in user
 */
async function verify(
  begun: TransactionAnswer,
  deps: SignInDeps,
): Promise<Result<Omit<FinishedSignIn, 'headers'>, SignInDenial>> {
  const exchanged = await exchange(begun, deps)
  if (!exchanged.ok) return exchanged
  const { user, tokens, spare } = exchanged.value
  const stale = staleness(user, begun, deps.nowSeconds())
  if (stale !== null) {
    discardTokens(deps, spare)
    return err(stale)
  }
  const userId = await useUp(user, begun, deps).catch((error: unknown) => {
    discardTokens(deps, spare)
    throw error
  })
  if (!userId.ok || tokens === null) discardTokens(deps, spare)
  return userId.ok ? ok({ user, userId: userId.value, tokens }) : userId
}

interface Exchange {
  user: IdTokenClaims
  tokens: DownstreamTokens | null
  /** The token to revoke at PingOne if the tokens are not stored. */
  spare: string
}

async function exchange(
  { callback, isForApi, verifier, nonce, issuer }: TransactionAnswer,
  deps: SignInDeps,
): Promise<Result<Exchange, SignInDenial>> {
  const { config, pingone } = deps
  const denial = denialIn(callback, config.pingone.issuer)
  if (denial !== null) return err(denial)
  const secrets = { verifier, nonce, issuer }
  const answer = { callback: callback.url, redirectUri: redirectUriOf(deps), secrets }
  const exchanged = isForApi ? await pingone.exchangeCode(answer) : await pingone.identify(answer)
  if (!exchanged.ok) {
    if (exchanged.error.given !== null) discardTokens(deps, exchanged.error.given)
    return exchanged
  }
  const { user, tokens } = exchanged.value
  return typeof tokens === 'string'
    ? ok({ user, tokens: null, spare: tokens })
    : ok({ user, tokens, spare: tokens.refreshToken ?? tokens.accessToken })
}

/**
 * A change of access needs an authentication of the last hour, because a session at PingOne may be old and its browser
 * left open. `max_age` requested `auth_time` (OpenID Connect Core §3.1.2.1).
 */
function staleness(
  { auth_time: at }: IdTokenClaims,
  { isForced }: Transaction,
  now: number,
): SignInDenial | null {
  if (at === undefined) return { reason: 'stale', detail: 'auth_time is missing', isForced }
  if (at > now + TOLERANCE_SECONDS) return { reason: 'not_trusted', detail: 'auth_time is in the future' }
  if (now - at <= FRESH_SECONDS + TOLERANCE_SECONDS) return null
  return { reason: 'stale', detail: 'auth_time is too long ago', isForced }
}

/**
 * Uses up the sign-in, and returns the user's id. The answer removes the cookie, but a copy may exist. So the user's
 * object, which only a signed-in user reaches, stores the sign-in until it expires.
 */
async function useUp(
  { iss, sub }: IdTokenClaims,
  { callback: { state }, endsAtSeconds }: TransactionAnswer,
  { config, userOf }: SignInDeps,
): Promise<Result<string, SignInDenial>> {
  const userId = await makeUserId(config.rootKeys[0], iss, sub)
  const user = await userOf(userId)
  const used = await user?.useSignIn(await sha256Hex(state), newSecret(), endsAtSeconds)
  if (used === 'done') return ok(userId)
  return err(used === 'blocked' ? { reason: 'blocked', detail: 'own sign-in' } : notOurs('used before'))
}
