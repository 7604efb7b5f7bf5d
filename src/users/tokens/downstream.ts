import { decodeJwt } from 'jose'
import type { Config } from '#config.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { thumbprint } from '#lib/hash.ts'
import { EncryptedTokens, type Grant } from '../grants/grant.ts'
import { encrypt, decrypt } from '../base/encryption.ts'

/** A token with less than this left is renewed first: a call must not run out of it half way. */
export const REFRESH_AHEAD_SECONDS = 60

/** An API that refuses every token must not have each call of every user renewed at PingOne. */
const REPLACE_PAUSE_SECONDS = 60

const PURPOSE = 'downstream-tokens'

export const encryptTokens = (config: Config, grant: string, tokens: EncryptedTokens): Promise<string> =>
  encrypt(config.rootKeys, { purpose: PURPOSE, grant }, JSON.stringify(tokens))

export const openTokens = (config: Config, grant: Grant) => openEncrypted(config, grant.id, grant.encrypted)

/** `key_retired`: it will never open again. `key_missing`: it will, when its key is back. */
export interface NotOpened {
  reason: 'broken' | 'key_missing' | 'key_retired'
  /** For the log. */
  detail: string
}

export async function openEncrypted(
  config: Config,
  grant: string,
  encrypted: string,
): Promise<Result<EncryptedTokens, NotOpened>> {
  const opened = await decrypt(config.rootKeys, { purpose: PURPOSE, grant }, encrypted)
  if (opened.ok) return ok(EncryptedTokens.parse(JSON.parse(opened.value)))
  if (opened.error.reason === 'broken') return err({ reason: 'broken', detail: 'broken encrypt' })
  const { keyId } = opened.error
  return config.retiredRootKeys.includes(keyId)
    ? err({ reason: 'key_retired', detail: `root key ${keyId} is retired` })
    : err({ reason: 'key_missing', detail: `root key ${keyId} is missing` })
}

/** Whether a token with life left is replaced all the same: the API refused this one, and not just now another. */
export async function isToReplace(
  grant: Grant,
  access: string,
  refused: string | undefined,
  nowSeconds: number,
): Promise<boolean> {
  if (refused === undefined || (await thumbprint(access)) !== refused) return false
  return grant.replacedAtSeconds === null || nowSeconds - grant.replacedAtSeconds >= REPLACE_PAUSE_SECONDS
}

/**
 * OpenID Connect Core §12.2: a refresh brings tokens of the same user. What is encrypted was checked when it came, so
 * it says who that is.
 */
export function isSameSubject(access: string, { iss, sub }: { iss: string; sub: string }): boolean {
  const before = decodeJwt(access)
  return before.iss === iss && before.sub === sub
}
