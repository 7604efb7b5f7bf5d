import { err, ok, type Result } from '#lib/result.ts'
import { Secret } from '#lib/secret.ts'
import type { CallStart, CallDenial } from '#users/calls/calls.ts'
import { thumbprintOf } from './read-downstream-token.ts'
import type { CallProblem } from './tool-denial.ts'

/** `stopped`: the call cannot go on at all. `none_newer`: the API refuses what PingOne has just given. */
export type NoOtherToken = 'stopped' | 'none_newer'

/** Why a call that has no token goes no further; endpoint.ts makes the HTTP status of it. */
export const stopProblem = (stop: CallDenial): CallProblem =>
  stop.verdict === 'ended'
    ? { reason: 'ended' }
    : {
        reason: 'not_started',
        retryAfterSeconds: stop.retryAfterSeconds,
        ...(stop.isLasting === true ? { isLasting: true } : {}),
      }

/**
 * The way from a token that the API refused to a newer one: the call begins once more and says which token it was.
 * The User asks PingOne only if that is still its newest, so calls that are refused together cost one renewal.
 */
export function tokenReplacer(beginAgain: (refused: string) => Promise<CallStart>) {
  let stop: CallDenial | null = null
  let isOver = false
  return {
    /** Set when PingOne could not or would not give another token. */
    stop: () => stop,
    /** The outcome of the call has been told: nothing is sent for it once more. */
    close: () => {
      isOver = true
    },
    replaceToken: async (refused: Secret): Promise<Result<Secret, NoOtherToken>> => {
      const thumbprint = await thumbprintOf(refused)
      const start = await beginAgain(thumbprint)
      if (start.verdict === 'ended' || start.verdict === 'unavailable') stop = start
      if (start.verdict !== 'go' || isOver) return err('stopped')
      const next = new Secret(start.downstreamToken)
      return (await thumbprintOf(next)) === thumbprint ? err('none_newer') : ok(next)
    },
  }
}
