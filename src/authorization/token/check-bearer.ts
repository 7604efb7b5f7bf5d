import { OAuthError, type OAuthResourceTokenValidation } from '@cloudflare/workers-oauth-provider'
import type { Config } from '#config.ts'
import type { BearerAnswer, GrantApi } from '#users/grants/grant-service.ts'
import { sha256Hex } from '#lib/hash.ts'
import type { BearerProps } from '#principal.ts'
import { reportOutage, RETRY_AFTER_SECONDS, SETTINGS_RETRY_SECONDS } from '../or-unavailable.ts'
import { endedDescription } from '../login/denials.ts'
import { inForce } from '../scopes.ts'
import { readIssued, tokenOwner } from './token-owner.ts'

export interface BearerDeps {
  config: Config
  userApiOf: (user: string) => GrantApi
  /** The session that the request names. */
  session: string | null
  /** The grant exists, live or ended: failures count for it and not for its network. */
  confirmGrant: () => void
}

/**
 * Whether an access token is alive, whom it stands for, and whether its session is open: one hop to the User, which
 * is as strongly consistent as it gets. What ended a moment ago is refused now (invariant 3). A bearer that we did not
 * make is refused before any storage or object is asked (decision 15).
 * @step tool-call 1 bearer
 */
export async function checkBearer(
  token: string,
  { config, userApiOf, session, confirmGrant }: BearerDeps,
): Promise<OAuthResourceTokenValidation<BearerProps> | null> {
  const owner = await tokenOwner(config, token)
  if (!owner.ok) {
    if (owner.error === 'not_ours') return null
    throw comeAgain(SETTINGS_RETRY_SECONDS)
  }
  const issued = readIssued(token)
  if (issued === null) return null
  const { user: userId, grant } = issued
  const answer = await ask(userApiOf(owner.value), grant, await sha256Hex(token), session)
  const { bearer, ended, session: state } = answer
  if (answer.isKnown) confirmGrant()
  // Decision 19: refused and not ended, so that it goes on when the settings are right again.
  if (answer.isRefused) throw comeAgain(SETTINGS_RETRY_SECONDS)
  if (answer.waitSeconds > 0) throw comeAgain(answer.waitSeconds, 429)
  if (bearer === null) {
    if (ended === null) return null
    const description = endedDescription(ended, config.life.grantsPerUser)
    throw new OAuthError('invalid_token', { description, statusCode: 401 })
  }
  const { audience, client, scopes, expiresAtSeconds } = bearer
  return {
    props: { session: state },
    audience,
    expiresAt: expiresAtSeconds,
    scope: inForce(scopes, config),
    userId,
    clientId: client,
  }
}

/** The library would answer 503 by itself, but without saying when to come again. */
async function ask(userApi: GrantApi, ...question: Parameters<GrantApi['bearer']>): Promise<BearerAnswer> {
  try {
    return await userApi.bearer(...question)
  } catch (error) {
    reportOutage('bearer', error)
    throw comeAgain(RETRY_AFTER_SECONDS)
  }
}

const comeAgain = (seconds: number, statusCode = 503) =>
  new OAuthError('temporarily_unavailable', {
    description: 'Nothing was done. Try again.',
    statusCode,
    headers: { 'Retry-After': String(seconds) },
  })
