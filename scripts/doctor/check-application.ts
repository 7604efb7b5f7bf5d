import { firstScopes, upstreamScopes } from '#authorization/scopes.ts'
import type { Config } from '#config.ts'
import type { PingOne } from '#pingone/client.ts'
import { type Finding, note, ok, problem } from './finding.ts'

const GRANT_TYPE = 'switch the grant type Refresh Token on at the PingOne application'
const OFFLINE = 'grant it offline_access there and set PINGONE_EXTRA_SCOPES=offline_access'

/**
 * Presents an invalid refresh token. PingOne checks the client first, so the error is about the application:
 * `invalid_grant` means that client authentication and grant type are accepted.
 */
export async function checkApplication(
  { pingone: { refresh }, config }: { pingone: Pick<PingOne, 'refresh'>; config: Config },
  madeUp: string,
): Promise<readonly Finding[]> {
  const answer = await refresh(madeUp, upstreamScopes(firstScopes(config), config.api), crypto.randomUUID())
  if (answer.ok) return [problem('PingOne took a refresh token that was made up: this is not PingOne')]
  const { reason, detail } = answer.error
  if (reason === 'dead') return [ok('PingOne takes our client authentication, and refresh tokens')]
  if (reason === 'unavailable')
    return [problem(`the token endpoint does not answer (${detail}): try again later`)]
  switch (detail) {
    case 'invalid_client':
      return [
        problem(
          `PingOne refuses our authentication by ${config.pingone.clientAuth.method}: compare MCP_SERVER_CLIENT_ID, ` +
            'its secret or key, and PINGONE_CLIENT_AUTH with the application, and see that it is enabled',
        ),
      ]
    case 'unauthorized_client':
    case 'unsupported_grant_type':
      return [problem(`PingOne gives this application no refresh tokens (${detail}): ${GRANT_TYPE}`)]
    default:
      return [problem(`the token endpoint answers ${detail}: compare the application with docs/run.md`)]
  }
}

/** Facts that only a login shows and no setting changes. */
export const applicationNotes = ({ pingone: { extraScopes } }: Config): readonly Finding[] => [
  note(
    'if access ends after an hour for everyone (log: login.not-renewable), PingOne gave no refresh token. ' +
      `One of two causes: ${GRANT_TYPE}; ` +
      (extraScopes.includes('offline_access')
        ? 'offline_access is asked for, so see that the application is granted it'
        : `or the application's grant contains offline_access, which then has to be asked for: ${OFFLINE}`),
  ),
  note(
    "no grant outlives PingOne's own session of the user: 12 hours without use, unless the flow or the environment " +
      'sets another idle time',
  ),
]
