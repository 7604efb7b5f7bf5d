import { OAuthError, type OAuthResourceTokenValidation } from '@cloudflare/workers-oauth-provider'
import type { Config } from '#config.ts'
import { sha256Hex } from '#lib/hash.ts'
import type { BearerProps } from '#principal.ts'
import type { BearerAnswer, GrantApi } from '#users/grants/grant-service.ts'
import {
  endedDescription,
  reportOutage,
  RETRY_AFTER_SECONDS,
  SETTINGS_RETRY_SECONDS,
} from '../oauth-denial.ts'
import { inForce } from '../scopes.ts'
import { tokenOwner } from './token-owner.ts'

interface BearerDeps {
  config: Config
  userApiOf: (user: string) => GrantApi
  /** The session that the request names. */
  session: string | null
  /** The grant exists, live or ended: failures count for it and not for its network. */
  confirmGrant: () => void
}

/**
 * Checks an access token and the session of its request, with one RPC to the user's object, so that an ended grant is
 * denied at once (invariant 3). A token that this server did not make reaches no object (decision 15).
 * @step tool-call 1 bearer
 */
export async function checkBearer(
  token: string,
  { config, userApiOf, session, confirmGrant }: BearerDeps,
): Promise<OAuthResourceTokenValidation<BearerProps> | null> {
  const owner = await tokenOwner(config, token)
  if (!owner.ok) {
    if (owner.error === 'not_ours') return null
    throw retryIn(SETTINGS_RETRY_SECONDS)
  }
  const { name, user, grant } = owner.value
  const answer = await ask(userApiOf(name), grant, await sha256Hex(token), session)
  const { bearer, ended } = answer
  if (answer.isKnown) confirmGrant()
  // Decision 19: denied and not ended, so that the grant works again with the right settings.
  if (answer.isRefused) throw retryIn(SETTINGS_RETRY_SECONDS)
  if (answer.waitSeconds > 0) throw retryIn(answer.waitSeconds, 429)
  if (bearer === null) {
    if (ended === null) return null
    const description = endedDescription(ended, config.life.grantsPerUser)
    throw new OAuthError('invalid_token', { description, statusCode: 401 })
  }
  const { audience, client, scopes, expiresAtSeconds } = bearer
  return {
    props: { grant, session: answer.session },
    audience,
    expiresAt: expiresAtSeconds,
    scope: inForce(scopes, config),
    userId: user,
    clientId: client,
  }
}

/** Adds a Retry-After: the library's own 503 has none. */
async function ask(userApi: GrantApi, ...question: Parameters<GrantApi['bearer']>): Promise<BearerAnswer> {
  try {
    return await userApi.bearer(...question)
  } catch (error) {
    reportOutage('bearer', error)
    throw retryIn(RETRY_AFTER_SECONDS)
  }
}

const retryIn = (seconds: number, statusCode = 503) =>
  new OAuthError('temporarily_unavailable', {
    description: 'Nothing was done. Try again.',
    statusCode,
    headers: { 'Retry-After': String(seconds) },
  })
