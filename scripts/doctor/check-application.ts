import { firstScopes, upstreamScopes } from '#authorization/scopes.ts'
import type { Config } from '#config.ts'
import type { PingOne } from '#pingone/client.ts'
import { type Finding, note, ok, problem } from './finding.ts'

const PAGE = 'docs/run.md#1-the-api-and-the-application'
const AUTHENTICATION = 'client authentication'
const REFRESHING = 'refresh tokens'
const GRANT_TYPE = 'switch the grant type Refresh Token on at the PingOne application'
const LATER = 'try again later; if it stays, look at the status of PingOne'

/**
 * Presents a refresh token and revokes a token, both made up. PingOne checks the client first, so its errors are about the
 * application: `invalid_grant` means that client authentication and grant type are accepted.
 */
export async function checkApplication(
  { pingone: { refresh, revoke }, config }: { pingone: Pick<PingOne, 'refresh' | 'revoke'>; config: Config },
  madeUp: string,
): Promise<readonly Finding[]> {
  const answer = await refresh(madeUp, upstreamScopes(firstScopes(config), config.api), crypto.randomUUID())
  if (answer.ok)
    return [
      problem(REFRESHING, 'PingOne took a refresh token that was made up: this is not PingOne', {
        fix: 'correct PINGONE_ISSUER',
        page: PAGE,
      }),
    ]
  const { reason, detail } = answer.error
  if (reason === 'dead')
    return [
      ok(AUTHENTICATION, `PingOne takes ours by ${config.pingone.clientAuth.method}`),
      ok(REFRESHING, 'PingOne takes refresh tokens of this application'),
      await checkRevocation(revoke, madeUp),
    ]
  if (reason === 'unavailable')
    return [problem('token endpoint', `it does not answer (${detail})`, { fix: LATER, page: PAGE })]
  switch (detail) {
    case 'invalid_client':
      return [
        problem(AUTHENTICATION, `PingOne refuses ours by ${config.pingone.clientAuth.method}`, {
          fix:
            'compare MCP_SERVER_CLIENT_ID, its secret or key, and PINGONE_CLIENT_AUTH with the application, and see ' +
            'that it is enabled',
          page: PAGE,
        }),
      ]
    case 'unauthorized_client':
    case 'unsupported_grant_type':
      return [
        problem(REFRESHING, `PingOne gives this application none (${detail})`, {
          fix: GRANT_TYPE,
          page: PAGE,
        }),
      ]
    default:
      return [
        problem('token endpoint', `it answers ${detail}`, {
          fix: 'compare the application with the page',
          page: PAGE,
        }),
      ]
  }
}

/** RFC 7009 §2.2: the revocation of an unknown token succeeds. */
async function checkRevocation(revoke: PingOne['revoke'], madeUp: string): Promise<Finding> {
  const answer = await revoke(madeUp)
  if (answer.ok) return ok('revocation endpoint', 'PingOne takes revocations of this application')
  const found = `it refuses the revocation of a token (${answer.error.detail}), so tokens outlive the access of users`
  return problem('revocation endpoint', found, { fix: LATER, page: PAGE })
}

/** Facts that only a login shows and no setting changes. */
export const applicationNotes = ({ pingone: { extraScopes } }: Config): readonly Finding[] => [
  note(
    REFRESHING,
    'not checked: whether a login gives one. If access ends after an hour for everyone (log: login.not-renewable), ' +
      'it does not, for one of two causes',
    {
      fix:
        `${GRANT_TYPE}; or ` +
        (extraScopes.includes('offline_access')
          ? 'offline_access is asked for, so see that the application is granted it'
          : "if the application's grant contains offline_access, set PINGONE_EXTRA_SCOPES=offline_access"),
      page: PAGE,
    },
  ),
  note(
    'rotation grace period',
    'not checked: PingOne shows it to nobody. Its default is 0, and a server that dies before it stores a new refresh ' +
      'token then loses the grant',
    { fix: 'set the rolling grace period of the application to 60 seconds', page: PAGE },
  ),
  note(
    'session idle time',
    "not checked: no grant outlives PingOne's own session of the user: 12 hours without use, unless the flow or the " +
      'environment sets another idle time',
    {
      fix: 'set it in the flow, and PINGONE_SESSION_HOURS to the same',
      page: 'docs/run.md#3-the-davinci-flow',
    },
  ),
]
