import { fromBase64Url, toBase64Url } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { deriveSigningKey, type RootKey, signingPurposes } from '#lib/root-keys.ts'

/**
 * The library's `userId`: `<name>.<key id>.<mac>`. Every code and token starts with it in clear text.
 * It reveals nothing about the user. The MAC lets the edge refuse a forged one before it touches any object.
 * `<name>` names the user's object and does not depend on the root keys, which rotate
 * (docs/decisions/0002-user-names.md).
 */
const USER_ID = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9]{1,16})\.([A-Za-z0-9_-]{43})$/
const PURPOSE = signingPurposes.userId
const NAME_BYTES = 16

const text = (parts: readonly string[]) => new TextEncoder().encode(parts.join('\n'))

/** The name of the object for this subject of this issuer. */
export async function userName(issuer: string, subject: string): Promise<string> {
  // The issuer is the key: equal subjects of two tenants share nothing.
  const issuerKey = await crypto.subtle.importKey(
    'raw',
    text([PURPOSE, issuer]),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const hash = await crypto.subtle.sign('HMAC', issuerKey, text([subject]))
  return toBase64Url(hash.slice(0, NAME_BYTES))
}

/** The name in an id that was checked before (openUserId). */
export const nameIn = (id: string): string => USER_ID.exec(id)?.[1] ?? ''

export async function makeUserId(root: RootKey, issuer: string, subject: string): Promise<string> {
  const name = await userName(issuer, subject)
  const mac = await crypto.subtle.sign('HMAC', await deriveSigningKey(root, PURPOSE), text([name, root.id]))
  return `${name}.${root.id}.${toBase64Url(mac)}`
}

/** `key_missing`: well-formed, but the key that it names is not configured, so its MAC cannot be checked. */
export type UserIdDenial = { reason: 'not_ours' } | { reason: 'key_missing'; keyId: string }

/** The name of the user's object. */
export async function openUserId(
  keys: readonly RootKey[],
  id: string,
): Promise<Result<string, UserIdDenial>> {
  const [, name, keyId, mac] = USER_ID.exec(id) ?? []
  if (name === undefined || keyId === undefined || mac === undefined) return err({ reason: 'not_ours' })
  const root = keys.find((key) => key.id === keyId)
  if (root === undefined) return err({ reason: 'key_missing', keyId })
  const key = await deriveSigningKey(root, PURPOSE)
  const isOurs = await crypto.subtle.verify('HMAC', key, fromBase64Url(mac), text([name, root.id]))
  return isOurs ? ok(name) : err({ reason: 'not_ours' })
}
