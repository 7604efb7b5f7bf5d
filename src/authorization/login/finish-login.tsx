import { AuthorizationError, type AuthRequest } from '@cloudflare/workers-oauth-provider'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { err, ok, type Err, type Result } from '#lib/result.ts'
import { grantKey } from '#users/grants/grant-records.ts'
import { makeUserId } from '#users/base/user-id.ts'
import type { DownstreamTokens } from '#pingone/token-requests.ts'
import { type IdTokenClaims, sessionMark } from '#pingone/claims.ts'
import { discardTokens } from './discard-tokens.ts'
import { callbackOf, LoginState, type LoginDeps } from './deps.ts'
import { type Callback, readCallback, denialIn } from './read-callback.ts'
import type { LoginDenial } from './denials.ts'
import { redirectWith } from './redirect-places.ts'
import { refuseLogin } from './refuse-login.tsx'
import type { GrantProps } from '../server.ts'
import { grantedScopes, inForce, upstreamScopes } from '../scopes.ts'
import { userNameIn, shownClient } from '../clients/shown-name.ts'
import { requireThisBrowser } from './this-browser.ts'

/**
 * GET /callback: PingOne's answer becomes a grant, and the browser goes home to its client.
 * @step login 13-17 from PingOne's answer to a code for the client
 */
export async function finishLogin(request: Request, parts: LoginDeps): Promise<Response> {
  // Before the state is used up: what is not even well-formed leaves the login as it was.
  const callback = readCallback(request.url)
  if (callback === null)
    throw new AuthorizationError('invalid_request', { description: 'Not an answer of PingOne' })
  // Finds the login by `state` and by the library's cookie, and uses it up at `settle()`; throws when either is not ours.
  const answer = new Request(callback.url, { headers: request.headers })
  const { request: approved, data, headers } = await parts.oauth.finishUpstream(answer)
  headers.append('Set-Cookie', await requireThisBrowser(request, approved))
  const login = LoginState.safeParse(data)
  if (!login.success)
    throw new AuthorizationError('invalid_request', { description: 'Not a login of a client' })
  // Thrown while the state is still good: who cannot be looked up now may be when this address is opened again.
  await parts.oauth.lookupClient(approved.clientId)
  await parts.settle()

  const transaction = crypto.randomUUID()
  const finished = await finish(parts, approved, login.data, { callback, transaction }).catch(brokenLogin)
  if (finished.ok) {
    headers.set('Location', finished.value)
    return new Response(null, { status: 302, headers })
  }
  const correlation = /Correlation ID: ([0-9a-fA-F-]{1,40})/.exec(callback.errorDescription ?? '')?.[1]
  return refuseLogin(parts, headers, {
    approved,
    denial: finished.error,
    leaving: 'redirect',
    facts: { correlation, transaction },
  })
}

/** Where the browser goes with its code, or why there is none. */
async function finish(
  parts: LoginDeps,
  approved: AuthRequest,
  secrets: LoginState,
  { callback, transaction }: { callback: Callback; transaction: string },
): Promise<Result<string, LoginDenial>> {
  const { config, pingone } = parts
  const refused = denialIn(callback, config.pingone.issuer)
  if (refused !== null) return err(refused)
  const redirectUri = callbackOf(config)
  const signedIn = await pingone.exchangeCode({
    callback: callback.url,
    redirectUri,
    secrets,
    transaction,
  })
  if (!signedIn.ok) {
    if (signedIn.error.given !== null) discardTokens(parts, signedIn.error.given)
    return signedIn
  }
  const { tokens } = signedIn.value
  const opened = await openGrant(parts, approved, { ...signedIn.value, transaction }).catch(brokenLogin)
  // The User itself has PingOne revoke the tokens of someone who is blocked.
  const isTaken = opened.ok || opened.error.reason === 'blocked'
  if (!isTaken) discardTokens(parts, tokens.refreshToken ?? tokens.accessToken)
  return opened
}

/** Storage that is away, a document that went away just now: the state is used up, so there is a way to try again. */
const brokenLogin = (error: unknown): Err<LoginDenial> =>
  err({
    reason: 'broken',
    detail: redacted(error instanceof Error ? `${error.name}: ${error.message}` : 'no error'),
  })

/**
 * Grant, code and PingOne's tokens are in the User, in one act, before the code leaves.
 * @step login 16 the grant, with its encrypted tokens
 */
export async function openGrant(
  parts: LoginDeps,
  approved: AuthRequest,
  { user, tokens, transaction }: { user: IdTokenClaims; tokens: DownstreamTokens; transaction?: string },
): Promise<Result<string, LoginDenial>> {
  const { config } = parts
  const scopes = grantedScopes(inForce(approved.scope, config), tokens.claims.scope, config.api)
  if (scopes.length === 0) return err({ reason: 'scopes_withheld', detail: 'no scope for reading' })
  const userId = await makeUserId(config.rootKeys[0], user.iss, user.sub)
  const { draft, oauth } = parts.newDraft(userId)
  const { redirectTo } = await oauth.completeAuthorization({
    request: approved,
    userId,
    metadata: {},
    scope: scopes,
    props: {
      openedAtSeconds: parts.nowSeconds(),
      downstreamEndsAtSeconds: tokens.refreshToken === null ? tokens.claims.exp : null,
    } satisfies GrantProps,
    // A second laptop must not sign the first one out (decision 15).
    revokeExistingGrants: false,
  })
  const grant = grantOfCode(redirectTo)
  const record = draft.writes.get(grantKey(grant))
  if (record === undefined || record === null) throw new Error('the library wrote no record of the grant')
  const opened = await parts.openGrant(userId, {
    id: grant,
    record,
    client: approved.clientId,
    shown: shownClient(await parts.oauth.describeConsent(approved)),
    userName: userNameIn(user),
    pingOneSession: await sessionMark(user),
    downstreamScopes: upstreamScopes(scopes, config.api),
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    downstreamEndsAtSeconds: tokens.claims.exp,
    environment: tokens.claims.env ?? user.env ?? null,
  })
  if (opened === 'blocked') return err({ reason: 'blocked', detail: grant })
  if (tokens.refreshToken === null) log.warn('login.not-renewable', { grant, causes: NOT_RENEWABLE })
  log.info('login.completed', { grant, client: approved.clientId, scopes: scopes.join(' '), transaction })
  const { redirectUri, state, issuer } = approved
  const code = new URL(redirectTo).searchParams.get('code') ?? ''
  return ok(redirectWith(redirectUri, { code, state, ...(issuer === undefined ? {} : { iss: issuer }) }))
}

/** Access without a refresh token of PingOne's ends with its first token. Which of the two it is, only PingOne knows. */
const NOT_RENEWABLE = [
  'the grant type Refresh Token is off at the PingOne application: switch it on there',
  'PingOne wants to be asked for offline_access: set PINGONE_EXTRA_SCOPES=offline_access',
]

/** The library's codes are `<userId>:<grantId>:<secret>` (its storage schema); the middle names the grant. */
function grantOfCode(redirectTo: string): string {
  const grant = new URL(redirectTo).searchParams.get('code')?.split(':')[1]
  if (grant === undefined || grant === '') throw new Error('the code names no grant')
  return grant
}
