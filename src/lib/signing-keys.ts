import { z } from 'zod'
import { err, ok, type Result } from './result.ts'
import { Secret } from './secret.ts'

const MOST_KEYS = 4
// 2048 bits, the least that RFC 7518 §3.3 allows, in base64url.
const LEAST_MODULUS_CHARACTERS = 342

/** RFC 7518 §6.3: Base64urlUInt. */
const number = z.string().regex(/^[A-Za-z0-9_-]+$/)

/** The public parts of a key; all others are dropped, private ones included. */
const PublicKey = z.object({
  kty: z.literal('RSA'),
  kid: z.string().regex(/^[\x21-\x7e]{1,128}$/),
  use: z.literal('sig').default('sig'),
  alg: z.enum(['RS256', 'RS384', 'RS512']).default('RS256'),
  n: number.min(LEAST_MODULUS_CHARACTERS),
  e: number,
})
export type PublicKey = z.infer<typeof PublicKey>

const privateParts = { d: number, p: number, q: number, dp: number, dq: number, qi: number }
const PrivateKey = PublicKey.extend(privateParts)
/** RFC 7517 §5. */
const KeySet = z.object({ keys: z.array(z.unknown()) })

export interface SigningKeys {
  active: { kid: string; alg: PublicKey['alg']; /** JSON: a private JWK. */ jwk: Secret }
  /** The public half of every key, the one that signs first. */
  published: readonly PublicKey[]
}

/**
 * Reads a private JWK, or a JWK set for key rotation: its first key signs, the others are only published. The error
 * contains no values.
 */
export function readSigningKeys(text: string): Result<SigningKeys, string> {
  const json = parsedJson(text)
  const set = KeySet.safeParse(json)
  const members = set.success ? set.data.keys : [json]
  if (members.length === 0 || members.length > MOST_KEYS) {
    return err(`must be a private JWK, or a JWK set of one to ${MOST_KEYS}`)
  }
  const signing = PrivateKey.safeParse(members[0])
  if (!signing.success) return err(`key 1, which signs: ${said(signing.error)}`)
  const published: PublicKey[] = []
  for (const [at, member] of members.entries()) {
    const key = PublicKey.safeParse(member)
    if (!key.success) return err(`key ${at + 1}: ${said(key.error)}`)
    published.push(key.data)
  }
  if (new Set(published.map(({ kid }) => kid)).size !== published.length) {
    return err('must not use one kid twice')
  }
  const { kid, alg } = signing.data
  return ok({ active: { kid, alg, jwk: new Secret(JSON.stringify(signing.data)) }, published })
}

// Only the names of wrong fields (RFC 7517, RFC 7518): zod's messages may contain values.
const said = ({ issues }: z.ZodError): string =>
  `not an RSA key that can be used (${[...new Set(issues.map(({ path }) => String(path[0] ?? 'no object')))].join(', ')})`

/** Undefined for invalid JSON; the schema rejects it. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const TRIAL = new TextEncoder().encode('one and the same key')

// Values, never promises: workerd cancels a request's pending work when that request ends.
const imported = new WeakMap<Secret, CryptoKey>()

/** Imports the private key, not extractable and for signing only. Throws when it does not match the public key. */
export async function importSigningKey({ alg, jwk }: SigningKeys['active']): Promise<CryptoKey> {
  const known = imported.get(jwk)
  if (known !== undefined) return known
  const { kty, n, e, d, p, q, dp, dq, qi } = PrivateKey.parse(JSON.parse(jwk.reveal()))
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: `SHA-${alg.slice(2)}` }
  const parts = { kty, n, e, d, p, q, dp, dq, qi }
  const key = await crypto.subtle.importKey('jwk', parts, algorithm, false, ['sign'])
  const published = await crypto.subtle.importKey('jwk', { kty, n, e }, algorithm, false, ['verify'])
  const signature = await crypto.subtle.sign(algorithm.name, key, TRIAL)
  // Not every platform compares the parts; PingOne would reject the signatures later.
  if (!(await crypto.subtle.verify(algorithm.name, published, signature, TRIAL)))
    throw new Error('the private key does not belong to the public one')
  imported.set(jwk, key)
  return key
}
