import { AuthorizationError, type AuthRequest } from '@cloudflare/workers-oauth-provider'
import { networkOf } from '#lib/addresses.ts'
import { agentFamily } from '#lib/agent-family.ts'
import { readIssuedToken } from '#lib/issued-token.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { err, ok, type Err, type Result } from '#lib/result.ts'
import { type IdTokenClaims, sessionMark } from '#pingone/claims.ts'
import type { DownstreamTokens } from '#pingone/token-requests.ts'
import type { PolicyDenial } from '#policy/policy.ts'
import type { PolicyHead } from '#policy/switches.ts'
import { makeUserId } from '#users/base/user-id.ts'
import type { LoginFacts, RefusedLogin } from '#users/grants/grant.ts'
import { grantKey } from '#users/grants/grant-records.ts'
import { shownClient, userNamesIn } from '../clients/shown-name.ts'
import type { GrantProps } from '../grant-props.ts'
import { grantedScopes, inForce, operatorIn, signInFacts, upstreamScopes } from '../scopes.ts'
import type { LoginDenial } from './denials.ts'
import {
  beginningOf,
  callbackOf,
  discardTokens,
  type LoginBeginning,
  type LoginDeps,
  LoginState,
  requireThisBrowser,
} from './login-state.ts'
import { decideLogin, readPolicy, refuseSwitchedOff } from './policy-gate.ts'
import { type Callback, denialIn, readCallback } from './read-callback.ts'
import { redirectWith } from './redirect-uri.ts'
import { refuseBlockedClient, refuseLogin } from './refuse-login.ts'

/**
 * GET /callback: turns PingOne's response into a grant, and sends the browser to its client.
 * @step login 13-17 from PingOne's answer to a code for the client
 */
export async function finishLogin(request: Request, deps: LoginDeps): Promise<Response> {
  // Before the state is consumed: a malformed callback leaves the login as it was.
  const callback = readCallback(request.url)
  if (callback === null)
    throw new AuthorizationError('invalid_request', { description: 'Not an answer of PingOne' })
  // Finds the login by `state` and the library's cookie, and throws if either does not match.
  const cleaned = new Request(callback.url, { headers: request.headers })
  const { request: approved, data, headers } = await deps.oauth.finishUpstream(cleaned)
  headers.append('Set-Cookie', await requireThisBrowser(request, approved))
  const login = LoginState.safeParse(data)
  const begun = beginningOf(approved)
  if (!login.success || begun === undefined)
    throw new AuthorizationError('invalid_request', { description: 'Not a login of a client' })
  // Before `settle()`: if this lookup throws, the user can open the same URL again.
  await deps.oauth.lookupClient(approved.clientId)
  const isBlocked = await deps.cutoffs.isBlocked(approved.clientId)
  const head = await deps.policies.head()
  const off = await refuseSwitchedOff(approved, head, deps)
  if (off !== null) return off
  await deps.settle()
  if (isBlocked) return refuseBlockedClient(approved.clientId, headers, deps)

  const transaction = crypto.randomUUID()
  const from = { network: networkOf(request), agent: agentFamily(request) }
  const answered = { callback, transaction, from, begun, head }
  const finished = await finish(deps, approved, login.data, answered).catch(brokenLogin)
  if (finished.ok) {
    headers.set('Location', finished.value)
    return new Response(null, { status: 302, headers })
  }
  const correlation = /Correlation ID: ([0-9a-fA-F-]{1,40})/.exec(callback.errorDescription ?? '')?.[1]
  return refuseLogin(deps, headers, {
    approved,
    denial: finished.error,
    leaving: 'redirect',
    facts: { correlation, transaction },
  })
}

/** PingOne's answer, the browser that brought it, and how its login began. */
interface LoginAnswer {
  callback: Callback
  transaction: string
  from: Pick<LoginFacts, 'network' | 'agent'>
  begun: LoginBeginning
  head: PolicyHead | null
}

/** Returns the redirect with the code. */
async function finish(
  deps: LoginDeps,
  approved: AuthRequest,
  { consentedAtMs, ...secrets }: LoginState,
  { callback, transaction, from, begun, head }: LoginAnswer,
): Promise<Result<string, LoginDenial>> {
  const { config, pingone } = deps
  const denial = denialIn(callback, config.pingone.issuer)
  if (denial !== null) return err(denial)
  // Before PingOne's code is redeemed, so that nothing has to be revoked.
  const inForce = await readPolicy(deps.policies, head)
  if (inForce === null) return err({ reason: 'policy_unavailable', detail: head?.policy ?? 'no head' })
  const redirectUri = callbackOf(config)
  const signedIn = await pingone.exchangeCode({ callback: callback.url, redirectUri, secrets, transaction })
  if (!signedIn.ok) {
    if (signedIn.error.given !== null) discardTokens(deps, signedIn.error.given)
    return signedIn
  }
  const { user, tokens, correlation } = signedIn.value
  const decided = await decideLogin(inForce, { user, approved, network: from.network }, deps)
  const { denial: refused, wouldDeny } = decided
  if (refused !== null) {
    discardTokens(deps, tokens.refreshToken ?? tokens.accessToken)
    if (refused.reason === 'policy_unavailable')
      return err({ reason: refused.reason, detail: `incomplete claims: ${user.mapped.incomplete.join(' ')}` })
    await noteRefusal(deps, approved, { user, refused, facts: { transaction, ...from } })
    return err({ reason: 'policy', detail: refused.rule ?? 'default', denial: refused })
  }
  const login = {
    transaction,
    startedAtMs: begun.atMs,
    consentedAtMs,
    completedAtMs: deps.nowMs(),
    requested: begun.scopes,
    approved: approved.scope,
    ...from,
    acr: user.acr,
    ...(correlation === undefined ? {} : { correlation }),
    ...(wouldDeny.length === 0 ? {} : { wouldDeny: [...wouldDeny] }),
  }
  const opened = await openGrant(deps, approved, { user, tokens, login }).catch(brokenLogin)
  // The user's object revokes the tokens of a blocked user itself.
  const isTaken = opened.ok || opened.error.reason === 'blocked'
  if (!isTaken) discardTokens(deps, tokens.refreshToken ?? tokens.accessToken)
  return opened
}

/** The user's object may be away: the login is refused all the same. */
async function noteRefusal(
  deps: LoginDeps,
  approved: AuthRequest,
  {
    user: { iss, sub },
    refused: { rule },
    facts,
  }: { user: IdTokenClaims; refused: PolicyDenial; facts: RefusedLogin['login'] },
): Promise<void> {
  const user = await makeUserId(deps.config.rootKeys[0], iss, sub)
  const shown = shownClient(await deps.oauth.describeConsent(approved))
  await deps
    .noteRefusal(user, { client: approved.clientId, shown, rule, login: facts })
    .catch((error: unknown) => {
      const detail = redacted(error instanceof Error ? error.message : 'not an error')
      log.error('login.refusal-not-recorded', { transaction: facts.transaction, detail })
    })
}

/** An outage after the state was consumed: the answer is a page with "Try again". */
const brokenLogin = (error: unknown): Err<LoginDenial> =>
  err({
    reason: 'broken',
    detail: redacted(error instanceof Error ? `${error.name}: ${error.message}` : 'no error'),
  })

interface OpenedLogin {
  user: IdTokenClaims
  tokens: DownstreamTokens
  /** For the audit log; undefined: nobody signed in (bench/seeded). */
  login?: Omit<LoginFacts, 'granted'>
}

/**
 * Stores the grant, the code and PingOne's tokens in the user's object, atomically, before the code leaves.
 * @step login 16 the grant, with its encrypted tokens
 */
export async function openGrant(
  deps: LoginDeps,
  approved: AuthRequest,
  { user, tokens, login }: OpenedLogin,
): Promise<Result<string, LoginDenial>> {
  const { config } = deps
  const scopes = grantedScopes(inForce(approved.scope, config), tokens.claims.scope, config.api)
  if (scopes.length === 0) return err({ reason: 'scopes_withheld', detail: 'no scope for reading' })
  const userId = await makeUserId(config.rootKeys[0], user.iss, user.sub)
  const { draft, oauth } = deps.newDraft(userId)
  const { redirectTo } = await oauth.completeAuthorization({
    request: approved,
    userId,
    metadata: {},
    scope: scopes,
    props: {
      openedAtSeconds: deps.nowSeconds(),
      downstreamEndsAtSeconds: tokens.refreshToken === null ? tokens.claims.exp : null,
    } satisfies GrantProps,
    // A login on a second laptop must not sign the first one out (decision 15).
    revokeExistingGrants: false,
  })
  const code = new URL(redirectTo).searchParams.get('code') ?? ''
  const grant = readIssuedToken(code)?.grant
  if (grant === undefined) throw new Error('the code names no grant')
  const record = draft.writes.get(grantKey(grant))
  if (record === undefined || record === null) throw new Error('the library wrote no record of the grant')
  const opened = await deps.openGrant(userId, {
    id: grant,
    record,
    client: approved.clientId,
    shown: shownClient(await deps.oauth.describeConsent(approved)),
    ...userNamesIn(user),
    pingOneSession: await sessionMark(user),
    operator: operatorIn(user, config.operators),
    signIn: signInFacts(user),
    downstreamScopes: upstreamScopes(scopes, config.api),
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    downstreamEndsAtSeconds: tokens.claims.exp,
    environment: tokens.claims.env ?? user.env ?? null,
    ...(login === undefined ? {} : { login: { ...login, granted: scopes } }),
  })
  if (opened === 'blocked') return err({ reason: 'blocked', detail: grant })
  if (tokens.refreshToken === null) log.warn('login.not-renewable', { grant, causes: NOT_RENEWABLE })
  const { transaction } = login ?? {}
  log.info('login.completed', { grant, client: approved.clientId, scopes: scopes.join(' '), transaction })
  const { redirectUri, state, issuer } = approved
  return ok(redirectWith(redirectUri, { code, state, iss: issuer }))
}

/** PingOne does not say which of these is the cause. */
const NOT_RENEWABLE = [
  'the grant type Refresh Token is off at the PingOne application: switch it on there',
  'PingOne wants to be asked for offline_access: set PINGONE_EXTRA_SCOPES=offline_access',
]
