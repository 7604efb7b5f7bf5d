import { sha256Hex } from '#lib/hash.ts'
import type { IdTokenClaims } from './claims.ts'

/**
 * Tells whether two sign-ins came from one session at PingOne. Its `sid` itself is kept nowhere, so that who reads
 * storage cannot name a session there.
 */
export const sessionMark = ({ iss, sid }: Pick<IdTokenClaims, 'iss' | 'sid'>): Promise<string> =>
  sha256Hex(`pingone-session\n${iss}\n${sid}`)
