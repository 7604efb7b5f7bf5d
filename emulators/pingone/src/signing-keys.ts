import {
  createLocalJWKSet,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  type CryptoKey,
  type JWK,
  type JWTPayload,
  type JWTVerifyOptions,
} from 'jose'
import type { StoredKey } from './store.ts'
import type { Store } from './store.ts'

interface SigningKey {
  readonly kid: string
  readonly key: CryptoKey
}

/** Caches imported keys per isolate. */
const imported = new Map<string, SigningKey>()

/** The current signing key, created on first use. */
export async function activeKey(store: Store): Promise<SigningKey> {
  const stored = findActive(store) ?? (await makeKey(store))
  return imported.get(stored.kid) ?? (await importKey(stored))
}

/** All public keys, as /jwks returns them. */
export async function publicKeys(store: Store): Promise<JWK[]> {
  await activeKey(store)
  return store.keys.all().map(([kid, { privateJwk }]) => {
    const { kty, n, e } = privateJwk
    return { ...(kty && { kty }), ...(n && { n }), ...(e && { e }), kid, use: 'sig', alg: 'RS256' }
  })
}

/** Verifies a token that this tenant issued; undefined if it is not valid. */
export async function verifyOwnToken(
  store: Store,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload | undefined> {
  try {
    const keys = createLocalJWKSet({ keys: await publicKeys(store) })
    return (await jwtVerify(token, keys, options)).payload
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}

/** Creates a key and signs with it at once. Old keys stay in /jwks unless dropped. */
export async function rotateKeys(store: Store, drop: boolean): Promise<string> {
  const stored = await newKey()
  for (const [kid, old] of store.keys.all()) {
    if (drop) store.keys.delete(kid)
    else store.keys.put(kid, { ...old, isActive: false })
  }
  store.keys.put(stored.kid, stored)
  return stored.kid
}

let foreign: Promise<CryptoKey> | undefined

/** A key that is in no JWKS. */
export const foreignKey = (): Promise<CryptoKey> =>
  (foreign ??= generate().then(({ privateKey }) => privateKey))

const findActive = (store: Store): StoredKey | undefined => {
  const found = store.keys.all().find(([, key]) => key.isActive)
  return found?.[1]
}

async function makeKey(store: Store): Promise<StoredKey> {
  const made = await newKey()
  // Two parallel requests may both create a key: the first one stored wins.
  const first = findActive(store)
  if (first) return first
  store.keys.put(made.kid, made)
  return made
}

const generate = () => generateKeyPair('RS256', { modulusLength: 2048, extractable: true })

async function newKey(): Promise<StoredKey> {
  const { privateKey } = await generate()
  return {
    kid: crypto.randomUUID(),
    privateJwk: await exportJWK(privateKey),
    createdSeconds: Math.floor(Date.now() / 1000),
    isActive: true,
  }
}

async function importKey({ kid, privateJwk }: StoredKey): Promise<SigningKey> {
  const key = await importJWK(privateJwk, 'RS256')
  if (key instanceof Uint8Array) throw new Error('A signing key is not an RSA key')
  const signing = { kid, key }
  imported.set(kid, signing)
  return signing
}
