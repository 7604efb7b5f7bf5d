import { fromBase64Url, toBase64Url } from '../lib/base64url.ts'
import { deriveSigningKey, type RootKey } from '../lib/root-keys.ts'

/**
 * The library's `userId`: `<name>.<key id>.<mac>`. It stands in clear at the front of every code and token, so
 * it says nothing about the person, and the MAC lets the edge refuse a made-up one before any object is touched.
 * `<name>` names the person's object. It does not depend on the root keys, which rotate: one person stays one
 * object (docs/decisions/0002-person-names.md).
 */
const PERSON_ID = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9]{1,16})\.([A-Za-z0-9_-]{43})$/
const PURPOSE = 'person-id'
const NAME_BYTES = 16

const text = (parts: readonly string[]) => new TextEncoder().encode(parts.join('\n'))

export async function makePersonId(root: RootKey, issuer: string, subject: string): Promise<string> {
  // The issuer is the key, so that equal subjects of two tenants share nothing.
  const issuerKey = await crypto.subtle.importKey(
    'raw',
    text([PURPOSE, issuer]),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  const hash = await crypto.subtle.sign('HMAC', issuerKey, text([subject]))
  const name = toBase64Url(hash.slice(0, NAME_BYTES))
  const mac = await crypto.subtle.sign('HMAC', await deriveSigningKey(root, PURPOSE), text([name, root.id]))
  return `${name}.${root.id}.${toBase64Url(mac)}`
}

/** The name of the person's object, or null for an id that we did not make. */
export async function openPersonId(keys: readonly RootKey[], id: string): Promise<string | null> {
  const [, name, keyId, mac] = PERSON_ID.exec(id) ?? []
  const root = keys.find((key) => key.id === keyId)
  if (name === undefined || mac === undefined || root === undefined) return null
  const key = await deriveSigningKey(root, PURPOSE)
  return (await crypto.subtle.verify('HMAC', key, fromBase64Url(mac), text([name, root.id]))) ? name : null
}
