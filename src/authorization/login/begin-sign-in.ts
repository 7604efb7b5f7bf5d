import type { AuthRequest } from '@cloudflare/workers-oauth-provider'
import type { Result } from '#lib/result.ts'
import type { PingOneFailure } from '#pingone/failures.ts'
import { callbackOf, type LoginDeps, type LoginState } from './deps.ts'
import { inForce, upstreamScopes } from '../scopes.ts'
import { clientInFlow } from '../clients/shown-name.ts'
import { bindToBrowser } from './this-browser.ts'

/**
 * From an approved request to the address at PingOne. `state` and its cookies are made here, after consent and just
 * before the browser leaves (MCP Security Best Practices, State Validation). `headers` gets the cookies.
 * @step login 10 state, and the cookie of this browser
 */
export async function beginSignIn(
  { config, oauth, pingone }: LoginDeps,
  approved: AuthRequest,
  headers: Headers,
): Promise<Result<URL, PingOneFailure>> {
  // Looked up before the state is made: who cannot be named now may be when the form is sent again. Without PAR
  // nothing of it is sent (pingone/authorization-url.ts), so nobody is asked.
  const shown = config.pingone.par ? await oauth.describeConsent(approved) : null
  const secrets = pingone.newLoginSecrets()
  const data: LoginState = { purpose: 'client', ...secrets }
  const { bound, cookie } = await bindToBrowser(approved)
  const { state } = await oauth.beginUpstream(bound, { data, headers })
  headers.append('Set-Cookie', cookie)
  const scopes = upstreamScopes(inForce(approved.scope, config), config.api)
  const client = shown === null ? undefined : clientInFlow(shown)
  return pingone.authorizationUrl({ redirectUri: callbackOf(config), state, secrets, scopes, client })
}
