import { fromBase64Url, toBase64Url } from './base64url.ts'
import { err, ok, type Result } from './result.ts'
import { Secret } from './secret.ts'

/** 32 random bytes from which every purpose derives its own key. The id travels with what was made under it. */
export interface RootKey {
  id: string
  /** base64url */
  secret: Secret
}

const KEY = /^([A-Za-z0-9]{1,16}):([A-Za-z0-9_-]{43})$/

/**
 * Reads `kid:base64url(32 bytes),…`; the error is a sentence without values. `cookieKey` is the oldest one, so that a
 * server that began with it alone can leave it as any other.
 */
export function readRootKeys(
  keys: string | undefined,
  cookieKey: string | undefined,
): Result<readonly [RootKey, ...RootKey[]], string> {
  const cookie: RootKey[] =
    cookieKey === undefined || cookieKey === ''
      ? []
      : [{ id: 'cookie', secret: new Secret(toBase64Url(new TextEncoder().encode(cookieKey))) }]
  if (keys === undefined || keys === '') {
    const [only] = cookie
    return only === undefined ? err('is missing') : ok([only])
  }
  const [first, ...more] = keys.split(',').map((key) => KEY.exec(key.trim()))
  const read = (match: RegExpExecArray | null | undefined): RootKey[] =>
    match?.[1] !== undefined && match[2] !== undefined ? [{ id: match[1], secret: new Secret(match[2]) }] : []
  const [active] = read(first)
  const given = more.flatMap(read)
  if (active === undefined || given.length !== more.length) return err('must be kid:base64url(32 bytes), …')
  const older = [...given, ...cookie]
  const ids = [active, ...older].map((key) => key.id)
  if (new Set(ids).size !== ids.length) return err('must not use one kid twice')
  return ok([active, ...older])
}

// Values, never promises: workerd ends what one request began when that request ends.
const imported = new WeakMap<RootKey, CryptoKey>()
const signing = new WeakMap<RootKey, Map<string, CryptoKey>>()

async function importRoot(root: RootKey): Promise<CryptoKey> {
  const known = imported.get(root)
  if (known !== undefined) return known
  const bytes = fromBase64Url(root.secret.reveal())
  const key = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey'])
  imported.set(root, key)
  return key
}

// RFC 5869 §3.2: `info` separates the purposes, so that no key ever serves two.
const hkdf = (info: string) => ({
  name: 'HKDF',
  hash: 'SHA-256',
  salt: new Uint8Array(),
  info: new TextEncoder().encode(info),
})

export const deriveSealingKey = async (root: RootKey, purpose: string): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(hkdf(purpose), await importRoot(root), { name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ])

/** Kept per isolate: there are few purposes, and a bearer is checked with one on every request. */
export async function deriveSigningKey(root: RootKey, purpose: string): Promise<CryptoKey> {
  const known = signing.get(root)?.get(purpose)
  if (known !== undefined) return known
  const algorithm = { name: 'HMAC', hash: 'SHA-256', length: 256 }
  const key = await crypto.subtle.deriveKey(hkdf(purpose), await importRoot(root), algorithm, false, [
    'sign',
    'verify',
  ])
  signing.set(root, (signing.get(root) ?? new Map<string, CryptoKey>()).set(purpose, key))
  return key
}
