import { AuthorizationError, type AuthRequest, type OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import { z } from 'zod'
import type { Config } from '#config.ts'
import type { CountDenial } from '#events/denial-count.ts'
import { droppedCookie, ownCookie, readCookie } from '#http/cookies.ts'
import type { Fetch } from '#lib/bounded-fetch.ts'
import { isSameText, sha256Hex, toBase64Url } from '#lib/hash.ts'
import { log } from '#lib/log.ts'
import type { GrantDraft } from '#oauth-store/provider-storage.ts'
import type { PingOne } from '#pingone/client.ts'
import type { NewGrant, RefusedLogin } from '#users/grants/grant.ts'
import type { Admission } from '../clients/admission.ts'
import type { Cutoffs } from '../clients/cut-off.ts'
import type { LoginPolicies } from './policy-gate.ts'

/** The names on our pages: of this server, and of the API that it calls. */
export interface ProductNames {
  name: string
  api: string
}

/** The dependencies of a login. wiring/authorization.ts makes them for each request. */
export interface LoginDeps {
  config: Config
  oauth: OAuthHelpers
  admission: Admission
  cutoffs: Cutoffs
  pingone: PingOne
  product: ProductNames
  nowSeconds(): number
  /** Milliseconds since 1970. */
  nowMs: () => number
  /** Counts a login that is refused before its user is known. */
  countDenial: CountDenial
  /** Fetches client metadata documents. */
  fetch: Fetch
  documentMs: number
  /** Consumes the consent or state that a helper read. Called last, so that an outage before it changes nothing. */
  settle: () => Promise<void>
  /** Runs work after the response. */
  afterAnswer(work: Promise<unknown>): void
  openGrant(user: string, grant: NewGrant): Promise<'opened' | 'blocked'>
  policies: LoginPolicies
  /** Records in the user's audit log that policy refused their login. `user`: an id that was checked. */
  noteRefusal(user: string, refused: RefusedLogin): Promise<void>
  /** A storage that keeps the library's writes about this user in memory, and the helpers over it. */
  newDraft(user: string): { draft: GrantDraft; oauth: OAuthHelpers }
}

/** The state of a login at PingOne. The library stores it, encrypted, until `/callback`. */
export const LoginState = z.object({
  /** Required by the branch that finishes it, so that one journey cannot end as another (decision 1). */
  purpose: z.literal('client'),
  verifier: z.string(),
  nonce: z.string(),
  issuer: z.string(),
  consentedAtMs: z.number(),
})
export type LoginState = z.infer<typeof LoginState>

export const callbackOf = (config: Config): string => `${config.publicOrigin}/callback`

/**
 * Binds a stored login to its browser. The library's own cookie is a hash of the handle or `state`, so anyone who reads
 * a callback URL in a history or a proxy's log could finish the login elsewhere. This secret is random and only in a
 * cookie; its hash is stored with the request.
 */
const Bound = z.looseObject({ browser: z.strictObject({ id: z.string(), hash: z.string() }) })

/** When the client sent its user here, and the scopes that it requested: stored with the request until `/callback`. */
const Begun = z.looseObject({
  begun: z.strictObject({ atMs: z.number(), scopes: z.array(z.string()) }),
})
export type LoginBeginning = z.infer<typeof Begun>['begun']

/** The request to store, with the beginning of its login. */
export const withBeginning = (
  request: AuthRequest,
  begun: LoginBeginning,
): AuthRequest & Record<string, unknown> => ({
  ...request,
  begun,
})

/** undefined for a request that no consent page stored. */
export const beginningOf = (stored: AuthRequest): LoginBeginning | undefined =>
  Begun.safeParse(stored).data?.begun

/** The library keeps a consent or a login for the same time. */
const COOKIE_SECONDS = 600

// One cookie for each login, so that two parallel logins both finish.
const cookieOf = (id: string) => `__Host-login-${id}` as const
const random = (bytes: number) => toBase64Url(crypto.getRandomValues(new Uint8Array(bytes)))

/** Returns the request to store, and the cookie to set. The secret is always new. */
export async function bindToBrowser(request: AuthRequest): Promise<{ bound: AuthRequest; cookie: string }> {
  const [id, secret] = [random(12), random(32)]
  const bound = { ...request, browser: { id, hash: await sha256Hex(secret) } }
  return { bound, cookie: ownCookie(cookieOf(id), secret, COOKIE_SECONDS) }
}

/**
 * Throws if another browser began the stored request. Call it before `settle()`, so that the login is not consumed.
 * Returns the header that deletes the cookie.
 */
export async function requireThisBrowser(request: Request, stored: AuthRequest): Promise<string> {
  const { data: bound } = Bound.safeParse(stored)
  const secret = bound === undefined ? null : readCookie(request, cookieOf(bound.browser.id))
  if (bound === undefined || secret === null || !isSameText(await sha256Hex(secret), bound.browser.hash))
    throw new AuthorizationError('invalid_request', { description: 'Not begun in this browser' })
  return droppedCookie(cookieOf(bound.browser.id))
}

/**
 * Revokes PingOne's tokens of a failed login, after the response. Safe even if the user's object stored the grant and
 * only its answer was lost: nobody gets the code that opens that grant, and its alarm revokes the tokens again.
 */
export function discardTokens(
  { pingone, afterAnswer }: Pick<LoginDeps, 'pingone' | 'afterAnswer'>,
  token: string,
): void {
  afterAnswer(
    pingone.revoke(token).then((revoked) => {
      if (revoked.ok) return
      log.error('login.not-revoked', { reason: revoked.error.reason, detail: revoked.error.detail })
    }),
  )
}
