import { OAuthError, type OAuthResourceTokenValidation } from '@cloudflare/workers-oauth-provider'
import type { Config } from '#config.ts'
import type { CountDenial } from '#events/denial-count.ts'
import { sha256Hex } from '#lib/hash.ts'
import type { PresentedBearer } from '#principal.ts'
import { type CallStart, NO_TOKEN } from '#users/calls/calls.ts'
import type { EntryAnswer } from '#users/calls/entry.ts'
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
  /** Asks the user's object for all checks of the request, and begins its call (mcp/endpoint.ts). */
  enter: (bearer: PresentedBearer) => Promise<EntryAnswer>
  /** The grant exists, live or ended: failures count for it and not for its network. */
  confirmGrant: () => void
  countDenial: CountDenial
}

/**
 * Checks a bearer: its MAC before any storage or object is asked (decision 15), the rest in the RPC that also begins the
 * call (decision 17). What ended a moment ago is refused now (invariant 3).
 * @step tool-call 1 bearer
 */
export async function checkBearer(
  audience: string,
  token: string,
  { config, enter, confirmGrant, countDenial }: BearerDeps,
): Promise<OAuthResourceTokenValidation<unknown> | null> {
  const owner = await tokenOwner(config, token)
  if (!owner.ok) {
    countDenial(owner.error === 'not_ours' ? 'bearer.not-ours' : 'bearer.key-missing')
    if (owner.error === 'not_ours') return null
    throw retryIn(SETTINGS_RETRY_SECONDS)
  }
  const { user: userId, grant } = owner.value
  const answer = await orRetry(async () =>
    enter({ user: userId, grant, token: await sha256Hex(token), audience }),
  )
  const { bearer, ended, start } = answer
  if (answer.isKnown) confirmGrant()
  else countDenial('bearer.unknown')
  // Decision 19: denied and not ended, so that the grant works again with the right settings.
  if (answer.isRefused) throw retryIn(SETTINGS_RETRY_SECONDS)
  if (answer.waitSeconds > 0) throw retryIn(answer.waitSeconds, { statusCode: 429, description: TOO_MANY })
  if (bearer === null) {
    if (ended === null) return null
    throw invalid(endedDescription(ended, config.life.grantsPerUser))
  }
  refuseUnstarted(start)
  const { client: clientId, scopes, expiresAtSeconds: expiresAt } = bearer
  const scope = inForce(scopes, config)
  return { props: {}, audience: bearer.audience, expiresAt, scope, userId, clientId }
}

/** Refuses a call that could not begin: clients sign in again only on 401 and retry only on 503. */
export function refuseUnstarted(start: CallStart | null): void {
  if (start?.verdict === 'ended') throw invalid('This access has ended')
  if (start?.verdict !== 'unavailable') return
  const description = start.isLasting === true ? NO_TOKEN : NOT_STARTED
  throw retryIn(start.retryAfterSeconds, { description })
}

const TOO_MANY = 'Too many requests. Nothing was done. Try again later.'
const NOT_STARTED = 'This call could not be started. Try again later.'

const invalid = (description: string) => new OAuthError('invalid_token', { description, statusCode: 401 })

/** The library would answer 503 by itself, but without a time to retry. */
async function orRetry<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    reportOutage('bearer', error)
    throw retryIn(RETRY_AFTER_SECONDS)
  }
}

const retryIn = (seconds: number, { statusCode = 503, description = 'Nothing was done. Try again.' } = {}) =>
  new OAuthError('temporarily_unavailable', {
    description,
    statusCode,
    headers: { 'Retry-After': String(seconds) },
  })
