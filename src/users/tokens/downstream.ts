import { encryptionPurposes } from '#lib/root-keys.ts'
import { decodeJwt } from 'jose'
import type { Config } from '#config.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { thumbprint } from '#lib/hash.ts'
import { encrypt, decrypt } from '../base/encryption.ts'
import { DownstreamTokens, type Grant } from '../grants/grant.ts'

/** A token with less time left is refreshed first, so that it does not expire during the call. */
export const REFRESH_AHEAD_SECONDS = 60

/** Limits replacement per grant: an API that refuses every token must not cause a refresh for each call. */
const REPLACE_PAUSE_SECONDS = 60

const PURPOSE = encryptionPurposes.downstreamTokens

/** `key_retired`: these tokens can never be decrypted again. `key_missing`: they can once the key is back. */
export interface TokenDenial {
  reason: 'broken' | 'key_missing' | 'key_retired'
  /** For the log. */
  detail: string
}

export const encryptTokens = (config: Config, grant: string, tokens: DownstreamTokens): Promise<string> =>
  encrypt(config.rootKeys, { purpose: PURPOSE, grant }, JSON.stringify(tokens))

export async function decryptTokens(
  config: Config,
  grant: string,
  encrypted: string,
): Promise<Result<DownstreamTokens, TokenDenial>> {
  const opened = await decrypt(config.rootKeys, { purpose: PURPOSE, grant }, encrypted)
  if (opened.ok) return ok(DownstreamTokens.parse(JSON.parse(opened.value)))
  if (opened.error.reason === 'broken') return err({ reason: 'broken', detail: 'broken encryption' })
  const { keyId } = opened.error
  return config.retiredRootKeys.includes(keyId)
    ? err({ reason: 'key_retired', detail: `root key ${keyId} is retired` })
    : err({ reason: 'key_missing', detail: `root key ${keyId} is missing` })
}

/**
 * Caches decrypted tokens in the object's memory and nowhere else.
 * Each entry belongs to one ciphertext: a refresh replaces it, the end of the grant removes it.
 */
export class TokenCache {
  readonly #entries = new Map<string, { encrypted: string; tokens: DownstreamTokens }>()

  async open(config: Config, { id, encrypted }: Grant): Promise<Result<DownstreamTokens, TokenDenial>> {
    const known = this.#entries.get(id)
    if (known?.encrypted === encrypted) return ok(known.tokens)
    this.forget(id)
    const opened = await decryptTokens(config, id, encrypted)
    if (opened.ok) this.#entries.set(id, { encrypted, tokens: opened.value })
    return opened
  }

  forget(grantId: string): void {
    this.#entries.delete(grantId)
  }
}

/** Whether to replace a token that has time left: the API refused it, and none was replaced a moment ago. */
export async function isToReplace(
  grant: Grant,
  access: string,
  refused: string | undefined,
  nowSeconds: number,
): Promise<boolean> {
  if (refused === undefined || (await thumbprint(access)) !== refused) return false
  return grant.replacedAtSeconds === null || nowSeconds - grant.replacedAtSeconds >= REPLACE_PAUSE_SECONDS
}

/** OpenID Connect Core §12.2: a refresh returns tokens of the same user. The stored token was verified on arrival. */
export function isSameSubject(access: string, { iss, sub }: { iss: string; sub: string }): boolean {
  const before = decodeJwt(access)
  return before.iss === iss && before.sub === sub
}
