import type { Config } from '#config.ts'
import { type IssuedToken, readIssuedToken } from '#lib/issued-token.ts'
import { log } from '#lib/log.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { openUserId } from '#users/base/user-id.ts'

/** The public parts of a token with a valid MAC. */
interface TokenOwner extends IssuedToken {
  /** The name of the user's object. */
  name: string
}

/** `key_missing`: the token may be ours and is valid again once its key is configured, so it signs nobody out. */
type OwnerDenial = 'not_ours' | 'key_missing'

/**
 * Checks that this server made a token, before any storage or object is asked (decision 15): a forged one costs one
 * HMAC and stores nothing.
 */
export async function tokenOwner(
  { rootKeys, retiredRootKeys }: Pick<Config, 'rootKeys' | 'retiredRootKeys'>,
  token: string,
): Promise<Result<TokenOwner, OwnerDenial>> {
  const issued = readIssuedToken(token)
  if (issued === null) return err('not_ours')
  const opened = await openUserId(rootKeys, issued.user)
  if (opened.ok) return ok({ ...issued, name: opened.value })
  if (opened.error.reason === 'not_ours' || retiredRootKeys.includes(issued.keyId)) return err('not_ours')
  reportMissing(issued.keyId)
  return err('key_missing')
}

/**
 * A token under a retired key does not count as a failure of its network: it costs no lookup, and after a rotation all
 * users of a hosted client send one from the same network.
 */
export function isUnderRetiredKey({ retiredRootKeys }: Pick<Config, 'retiredRootKeys'>, token: string) {
  const issued = readIssuedToken(token)
  return issued !== null && retiredRootKeys.includes(issued.keyId)
}

// Anyone can write any key id into a token, so each is logged once, up to this number.
const MOST_REPORTED = 20
const reported = new Set<string>()

function reportMissing(key: string): void {
  if (reported.has(key) || reported.size >= MOST_REPORTED) return
  reported.add(key)
  log.error('root-key.missing', { key })
}
