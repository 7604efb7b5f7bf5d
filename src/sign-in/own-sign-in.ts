import { encryptionPurposes } from '#lib/root-keys.ts'
import { z } from 'zod'
import { discardTokens } from '#authorization/login/login-state.ts'
import { type Callback, readCallback, denialIn } from '#authorization/login/read-callback.ts'
import { droppedCookie, ownCookie, readCookie } from '#http/cookies.ts'
import { sha256Hex, toBase64Url } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { makeUserId } from '#users/base/user-id.ts'
import { FRESH_SECONDS } from '#users/requests/page-sessions.ts'
import { encrypt, decrypt } from '#users/base/encryption.ts'
import type { LoginRequest } from '#pingone/authorization-url.ts'
import type { IdTokenClaims } from '#pingone/claims.ts'
import type { DownstreamTokens } from '#pingone/token-requests.ts'
import type { PingOneFailure } from '#pingone/failures.ts'
import type { AccountDeps } from './deps.ts'
import type { SignInDenial } from './denials.ts'

/** What a sign-in of our own pages is for. Encrypted when it begins, and required by the branch that finishes it. */
export const Purpose = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('me') }),
  z.strictObject({
    kind: z.literal('step-up'),
    request: z.string(),
    /** `deny` too needs the user of the grant. */
    decision: z.enum(['approve', 'deny']).default('approve'),
  }),
])
export type Purpose = z.infer<typeof Purpose>

/**
 * The state of a sign-in between the first page and `/signed-in`, kept in an encrypted cookie: beginning a sign-in stores
 * nothing on the server. The `state` is part of the additional data, so the cookie opens for that sign-in alone.
 */
const Transaction = z.strictObject({
  purpose: Purpose,
  verifier: z.string(),
  nonce: z.string(),
  issuer: z.string(),
  isForApi: z.boolean(),
  /** PingOne was asked to authenticate again, whatever session the browser has there. */
  isForced: z.boolean().default(false),
  endsAtSeconds: z.number(),
})
type Transaction = z.infer<typeof Transaction>

export interface FinishedSignIn {
  purpose: Purpose
  user: IdTokenClaims
  /** The user's id (users/base/user-id.ts). */
  userId: string
  /** Null where no scope of the API was asked. Whoever does not keep them hands them to `discardTokens`. */
  tokens: DownstreamTokens | null
  /** Drops the cookie of this sign-in: belongs into the answer. */
  headers: Headers
}

export interface RefusedSignIn {
  denial: SignInDenial
  /** Null where it could not be read. */
  purpose: Purpose | null
  headers: Headers
}

const SIGN_IN_SECONDS = 600
/** For the clocks, as everywhere (pingone/check-tokens.ts). */
const TOLERANCE_SECONDS = 60
const STATE = /^[A-Za-z0-9_-]{43}$/

export const signedInOf = ({ config }: AccountDeps): string => `${config.publicOrigin}/signed-in`
// One for each, so that two pages that were opened side by side both come home.
const cookieOf = (state: string) => `__Host-sign-in-${state.slice(0, 16)}` as const
const placeOf = (state: string) => ({ purpose: encryptionPurposes.ownSignIn, grant: state })
const random = () => toBase64Url(crypto.getRandomValues(new Uint8Array(32)))

/**
 * From a click on our page to the address at PingOne. `headers` binds the sign-in to this browser.
 * @step step-up 8-9 to PingOne
 */
export async function beginOwnSignIn(
  parts: AccountDeps,
  purpose: Purpose,
  { scopes, client, isForced }: Pick<LoginRequest, 'scopes' | 'client'> & { isForced: boolean },
): Promise<Result<{ url: URL; headers: Headers }, PingOneFailure>> {
  const { config, pingone, nowSeconds } = parts
  const state = random()
  const secrets = pingone.newLoginSecrets()
  const url = await pingone.authorizationUrl({
    redirectUri: signedInOf(parts),
    state,
    secrets,
    scopes,
    client,
    freshness: { maxAgeSeconds: FRESH_SECONDS, isForced },
  })
  if (!url.ok) return url
  const transaction: Transaction = {
    ...secrets,
    purpose,
    isForApi: scopes.length > 0,
    isForced,
    endsAtSeconds: nowSeconds() + SIGN_IN_SECONDS,
  }
  const encrypted = await encrypt(config.rootKeys, placeOf(state), JSON.stringify(transaction))
  const headers = new Headers({ 'Set-Cookie': ownCookie(cookieOf(state), encrypted, SIGN_IN_SECONDS) })
  return ok({ url: url.value, headers })
}

/**
 * Who signed in, and for what: every check of invariant 4. The caller goes on with exactly this purpose.
 * @step step-up 11-12 PingOne's answer
 * @step me 7-8 who signed in
 */
export async function finishOwnSignIn(
  request: Request,
  parts: AccountDeps,
): Promise<Result<FinishedSignIn, RefusedSignIn>> {
  const callback = readCallback(request.url)
  const headers = new Headers()
  const begun = await findTransaction(request, callback, parts, headers)
  if (!begun.ok) return err({ denial: begun.error, purpose: null, headers })
  const { purpose } = begun.value
  const signedIn = await exchange(parts, begun.value)
  if (!signedIn.ok) return err({ denial: signedIn.error, purpose, headers })
  const { user, tokens, spare } = signedIn.value
  const stale = whyStale(user, begun.value, parts.nowSeconds())
  if (stale !== null) {
    discardTokens(parts, spare)
    return err({ denial: stale, purpose, headers })
  }
  const userId = await useUp(parts, user, begun.value).catch((error: unknown) => {
    discardTokens(parts, spare)
    throw error
  })
  if (!userId.ok || tokens === null) discardTokens(parts, spare)
  if (!userId.ok) return err({ denial: userId.error, purpose, headers })
  return ok({ purpose, user, userId: userId.value, tokens, headers })
}

/**
 * A session at PingOne may be old. A change of access needs more than a browser that was left open: `auth_time` within
 * the hour, which was requested with `max_age` (OpenID Connect Core §3.1.2.1).
 */
function whyStale(
  { auth_time: at }: IdTokenClaims,
  { isForced }: Transaction,
  now: number,
): SignInDenial | null {
  if (at === undefined) return { reason: 'stale', detail: 'auth_time is missing', isForced }
  if (at > now + TOLERANCE_SECONDS) return { reason: 'not_trusted', detail: 'auth_time is in the future' }
  if (now - at <= FRESH_SECONDS + TOLERANCE_SECONDS) return null
  return { reason: 'stale', detail: 'auth_time is too long ago', isForced }
}

interface Begun extends Transaction {
  callback: Callback
}

/** What this browser began. `headers` gets the end of its cookie once there is one. */
async function findTransaction(
  request: Request,
  callback: Callback | null,
  { config, nowSeconds }: AccountDeps,
  headers: Headers,
): Promise<Result<Begun, SignInDenial>> {
  // Before anything is used up: what is not even well-formed leaves the sign-in as it was.
  if (callback === null || !STATE.test(callback.state)) return notOurs('not an answer of PingOne')
  const { state } = callback
  const cookie = readCookie(request, cookieOf(state))
  if (cookie === null) return notOurs('not of this browser')
  headers.append('Set-Cookie', droppedCookie(cookieOf(state)))
  const opened = await decrypt(config.rootKeys, placeOf(state), cookie)
  if (!opened.ok) return notOurs(opened.error.reason)
  const transaction = Transaction.parse(JSON.parse(opened.value))
  return transaction.endsAtSeconds > nowSeconds() ? ok({ ...transaction, callback }) : notOurs('too old')
}

interface SignedIn {
  user: IdTokenClaims
  tokens: DownstreamTokens | null
  /** What PingOne is to revoke when nobody keeps it. */
  spare: string
}

async function exchange(
  parts: AccountDeps,
  { callback, isForApi, verifier, nonce, issuer }: Begun,
): Promise<Result<SignedIn, SignInDenial>> {
  const { config, pingone } = parts
  const refused = denialIn(callback, config.pingone.issuer)
  if (refused !== null) return err(refused)
  const secrets = { verifier, nonce, issuer }
  const answer = { callback: callback.url, redirectUri: signedInOf(parts), secrets }
  const signedIn = isForApi ? await pingone.exchangeCode(answer) : await pingone.identify(answer)
  if (!signedIn.ok) {
    if (signedIn.error.given !== null) discardTokens(parts, signedIn.error.given)
    return signedIn
  }
  const { user, tokens } = signedIn.value
  return typeof tokens === 'string'
    ? ok({ user, tokens: null, spare: tokens })
    : ok({ user, tokens, spare: tokens.refreshToken ?? tokens.accessToken })
}

/**
 * Uses the sign-in up. This answer drops the cookie, but a copy of it may exist. So the user's object, which only a
 * signed-in user can reach, remembers the sign-in until it expires.
 */
async function useUp(
  { config, userOf }: AccountDeps,
  { iss, sub }: IdTokenClaims,
  { callback: { state }, endsAtSeconds }: Begun,
): Promise<Result<string, SignInDenial>> {
  const userId = await makeUserId(config.rootKeys[0], iss, sub)
  const user = await userOf(userId)
  const used = await user?.useSignIn(await sha256Hex(state), random(), endsAtSeconds)
  if (used === 'done') return ok(userId)
  return used === 'blocked' ? err({ reason: 'blocked', detail: 'own sign-in' }) : notOurs('used before')
}

const notOurs = (detail: string) => err<SignInDenial>({ reason: 'not_ours', detail })
