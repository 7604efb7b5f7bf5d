import { fromBase64Url, toBase64Url } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { deriveEncryptionKey, encryptionInfo, type EncryptionPurpose, type RootKey } from '#lib/root-keys.ts'

/**
 * AES-GCM under a key that HKDF derives per purpose and grant.
 * Purpose, grant and key id are also additional data: a ciphertext decrypts only in the place it was made for.
 */
export interface Place {
  purpose: EncryptionPurpose
  grant: string
}

export type DecryptionDenial = { reason: 'key_missing'; keyId: string } | { reason: 'broken' }

const CIPHERTEXT = /^v1\.([A-Za-z0-9]{1,16})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]+)$/

const aad = ({ purpose, grant }: Place, keyId: string) =>
  new TextEncoder().encode(`${encryptionInfo(purpose, grant)}\n${keyId}`)

export async function encrypt(
  keys: readonly [RootKey, ...RootKey[]],
  place: Place,
  text: string,
): Promise<string> {
  const [root] = keys
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const key = await deriveEncryptionKey(root, place.purpose, place.grant)
  const algorithm = { name: 'AES-GCM', iv, additionalData: aad(place, root.id) }
  const encrypted = await crypto.subtle.encrypt(algorithm, key, new TextEncoder().encode(text))
  return `v1.${root.id}.${toBase64Url(iv)}.${toBase64Url(encrypted)}`
}

export async function decrypt(
  keys: readonly RootKey[],
  place: Place,
  encrypted: string,
): Promise<Result<string, DecryptionDenial>> {
  const [, keyId, iv, ciphertext] = CIPHERTEXT.exec(encrypted) ?? []
  if (keyId === undefined || iv === undefined || ciphertext === undefined) return err({ reason: 'broken' })
  const root = keys.find(({ id }) => id === keyId)
  if (root === undefined) return err({ reason: 'key_missing', keyId })
  const algorithm = { name: 'AES-GCM', iv: fromBase64Url(iv), additionalData: aad(place, keyId) }
  try {
    const key = await deriveEncryptionKey(root, place.purpose, place.grant)
    const text = await crypto.subtle.decrypt(algorithm, key, fromBase64Url(ciphertext))
    return ok(new TextDecoder().decode(text))
  } catch {
    // AES-GCM gives no reason; the caller logs the grant.
    return err({ reason: 'broken' })
  }
}
