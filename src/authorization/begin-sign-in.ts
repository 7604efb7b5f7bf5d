import type { AuthRequest } from '@cloudflare/workers-oauth-provider'
import type { Result } from '../lib/result.ts'
import type { PingOneProblem } from '../pingone/problems.ts'
import { callbackOf, type LoginParts, type LoginState } from './parts.ts'
import { upstreamScopes } from './scopes.ts'

/**
 * From an approved request to the address at PingOne. `state` and its cookie are made here, after consent and just
 * before the browser leaves (MCP Security Best Practices, State Validation). `headers` gets the cookie.
 */
export async function beginSignIn(
  { config, oauth, pingone }: LoginParts,
  approved: AuthRequest,
  headers: Headers,
): Promise<Result<URL, PingOneProblem>> {
  const secrets = pingone.newLoginSecrets()
  const data: LoginState = { purpose: 'client', ...secrets }
  const { state } = await oauth.beginUpstream(approved, { data, headers })
  const scopes = upstreamScopes(approved.scope, config.api)
  return pingone.authorizationUrl({ redirectUri: callbackOf(config), state, secrets, scopes })
}
