import {
  authorizationErrorRedirect,
  AuthorizationError,
  type AuthRequest,
} from '@cloudflare/workers-oauth-provider'
import { boundedText } from '../lib/bounded-text.ts'
import { newIncident } from '../lib/incident.ts'
import { log } from '../lib/log.ts'
import { makePersonId } from '../people/person-id.ts'
import type { DownstreamTokens } from '../pingone/client.ts'
import type { IdTokenClaims } from '../pingone/claims.ts'
import { refusalPage } from './answers.tsx'
import { beginSignIn } from './begin-sign-in.ts'
import { callbackOf, LoginState, type LoginParts } from './parts.ts'
import { answerRefusal, readCallbackError, type LoginRefusal } from './refusals.ts'
import type { GrantProps } from './server.ts'
import { grantedScopes, upstreamScopes } from './scopes.ts'

const MAX_NAME_CHARACTERS = 100

/** GET /callback: PingOne's answer becomes a grant, and the browser goes home to its client. */
export async function finishLogin(request: Request, parts: LoginParts): Promise<Response> {
  const { config, oauth, pingone } = parts
  const callback = new URL(request.url)
  // Finds the login by `state` and by this browser's cookie, and uses it up; throws when either is not ours.
  const { request: approved, data, headers } = await oauth.finishUpstream(request)
  const login = LoginState.safeParse(data)
  if (!login.success)
    throw new AuthorizationError('invalid_request', { description: 'Not a login of a client' })

  const error = callback.searchParams.get('error')
  if (error !== null) return refuseLogin(parts, approved, headers, readCallbackError(error), callback)
  const signedIn = await pingone.exchangeCode({
    callback,
    redirectUri: callbackOf(config),
    secrets: login.data,
  })
  if (!signedIn.ok) return refuseLogin(parts, approved, headers, signedIn.error, callback)

  const { person, tokens } = signedIn.value
  const scopes = grantedScopes(approved.scope, tokens.claims.scope, config.api)
  if (scopes.length === 0) {
    const refusal: LoginRefusal = { reason: 'scopes_withheld', detail: 'no scope for reading' }
    return refuseLogin(parts, approved, headers, refusal, callback)
  }
  headers.set('Location', await openGrant(parts, approved, person, tokens, scopes))
  return new Response(null, { status: 302, headers })
}

/** The grant is in the library's storage and PingOne's tokens in the Person before the code leaves. */
async function openGrant(
  parts: LoginParts,
  approved: AuthRequest,
  person: IdTokenClaims,
  tokens: DownstreamTokens,
  scopes: string[],
): Promise<string> {
  const { config, oauth } = parts
  const userId = await makePersonId(config.rootKeys[0], person.iss, person.sub)
  const { redirectTo } = await oauth.completeAuthorization({
    request: approved,
    userId,
    metadata: {},
    scope: scopes,
    props: { openedAtSeconds: parts.nowSeconds() } satisfies GrantProps,
    // A second laptop must not sign the first one out (decision 15).
    revokeExistingGrants: false,
  })
  const grant = grantOfCode(redirectTo)
  await parts.openGrant(userId, {
    id: grant,
    client: approved.clientId,
    personName: displayName(person),
    downstreamScopes: upstreamScopes(scopes, config.api),
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    downstreamEndsAtSeconds: tokens.claims.exp,
  })
  log.info('login.completed', { grant, client: approved.clientId, scopes: scopes.join(' ') })
  return redirectTo
}

/** The library's codes are `<userId>:<grantId>:<secret>` (its storage schema); the middle names the grant. */
function grantOfCode(redirectTo: string): string {
  const grant = new URL(redirectTo).searchParams.get('code')?.split(':')[1]
  if (grant === undefined || grant === '') throw new Error('the code names no grant')
  return grant
}

const displayName = (person: IdTokenClaims): string | null => {
  const full = person.name ?? [person.given_name, person.family_name].filter(Boolean).join(' ')
  const name = boundedText(full === '' ? (person.preferred_username ?? '') : full, MAX_NAME_CHARACTERS)
  return name === '' ? null : name
}

async function refuseLogin(
  parts: LoginParts,
  approved: AuthRequest,
  headers: Headers,
  refusal: LoginRefusal,
  callback: URL,
): Promise<Response> {
  const incident = newIncident()
  const correlation = /Correlation ID: ([0-9a-fA-F-]{1,40})/.exec(
    callback.searchParams.get('error_description') ?? '',
  )
  const { reason, detail } = refusal
  log.warn('login.refused', {
    incident,
    reason,
    detail,
    client: approved.clientId,
    correlation: correlation?.[1],
  })
  const answer = answerRefusal(refusal)
  if (answer.to === 'client') {
    headers.set('Location', authorizationErrorRedirect(approved, answer.code, answer.description))
    return new Response(null, { status: 302, headers })
  }
  // The state is used up: "try again" leads to PingOne with a fresh one, for the same approved request.
  const again = await beginSignIn(parts, approved, headers)
  return refusalPage(parts.config, answer, again.ok ? again.value.href : null, { headers, incident })
}
