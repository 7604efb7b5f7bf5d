import { log } from '#lib/log.ts'
import type { LoginDeps } from './deps.ts'

/**
 * PingOne's tokens of a login that came to nothing end at PingOne as well; the user's browser does not wait for it.
 * Right even where the User may have stored the grant and only its answer was lost: the code that alone opens such a
 * grant is dropped here, so nobody can use it, and the User's alarm tells PingOne once more.
 */
export function discardTokens(
  { pingone, afterAnswer }: Pick<LoginDeps, 'pingone' | 'afterAnswer'>,
  token: string,
): void {
  afterAnswer(
    pingone.revoke(token).then((told) => {
      if (!told.ok) log.error('login.not-revoked', { reason: told.error.reason, detail: told.error.detail })
    }),
  )
}
