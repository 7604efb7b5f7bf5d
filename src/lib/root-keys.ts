import { fromBase64Url, toBase64Url } from './hash.ts'
import { err, ok, type Result } from './result.ts'
import { Secret } from './secret.ts'

/**
 * Every purpose that a key is derived for (RFC 5869 §3.2: `info` separates them). Stored data and issued ids depend on
 * these strings; all must be distinct.
 */
export const signingPurposes = {
  userId: 'user-id',
  sessionId: 'session-id',
  requestState: 'request-state',
  argumentsDigest: 'arguments-digest',
  auditArguments: 'audit-arguments',
  directoryName: 'directory-name',
  directoryUsername: 'directory-username',
} as const
export const encryptionPurposes = {
  downstreamTokens: 'downstream-tokens',
  callResult: 'call-result',
  stepUp: 'step-up',
  ownSignIn: 'own-sign-in',
  sessionCall: 'session-call',
  auditKey: 'audit-key',
  directoryName: 'directory-name-text',
  directoryUsername: 'directory-username-text',
  operateCode: 'operate-code',
  operateWalk: 'operate-walk',
  userClaims: 'user-claims',
} as const
export type SigningPurpose = (typeof signingPurposes)[keyof typeof signingPurposes]
export type EncryptionPurpose = (typeof encryptionPurposes)[keyof typeof encryptionPurposes]

/** 32 random bytes that a key is derived from for each purpose. The id is part of everything made under the key. */
export interface RootKey {
  id: string
  /** base64url */
  secret: Secret
}

/** The id of the key in `COOKIE_ENCRYPTION_KEY`. */
export const COOKIE_KEY_ID = 'cookie'

const KEY = /^([A-Za-z0-9]{1,16}):([A-Za-z0-9_-]{43})$/

/**
 * Reads `kid:base64url(32 bytes),…`; the error is a sentence without values. `cookieKey` counts as the oldest key, so
 * that it can be rotated out like any other.
 */
export function readRootKeys(
  keys: string | undefined,
  cookieKey: string | undefined,
): Result<readonly [RootKey, ...RootKey[]], string> {
  const cookie: RootKey[] =
    cookieKey === undefined || cookieKey === ''
      ? []
      : [{ id: COOKIE_KEY_ID, secret: new Secret(toBase64Url(new TextEncoder().encode(cookieKey))) }]
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

/** Bits of entropy per character: random hex has at least 3.6, 32 random bytes have 4.7, eight characters have 3. */
const LEAST_BITS = 3
const PLACEHOLDER =
  /change|replace|passw|secret|example|default|placeholder|insecure|testing|develop|letmein|qwerty|1q2w3e|asdfgh|cookie|encrypt|pingone|your[-_ ]|do[-_ ]?not[-_ ]|temporary/i

/**
 * Describes the first weak key in a sentence without values; null if no key is weak. It detects what people type:
 * repeated characters or pieces, sequences, placeholders, phrases, and one key under two ids.
 */
export function weaknessOf(
  keys: readonly RootKey[],
  otherSecret: string | undefined,
): { id: string; problem: string } | null {
  const seen = new Set(otherSecret === undefined ? [] : [otherSecret])
  for (const { id, secret } of keys) {
    const key = secret.reveal()
    if (isWeak(key)) return { id, problem: `has a key that was not drawn at random (${id}): ${HOW}` }
    const bytes = fromBase64Url(key)
    // A cookie key is stored as base64url of its text, so another key can equal the text itself.
    const names = new Set([key, new TextDecoder().decode(bytes), bytes.join(' ')])
    if ([...names].some((name) => seen.has(name)))
      return { id, problem: `has a key (${id}) that is another key or the secret at PingOne too: ${HOW}` }
    for (const name of names) seen.add(name)
  }
  return null
}

const HOW = 'npm run keys -- --root makes one'

/** Checks the text of a key and its decoded bytes: a person may have typed either. */
function isWeak(key: string): boolean {
  const bytes = fromBase64Url(key)
  const text = new TextDecoder().decode(bytes)
  if ([codesOf(key), [...bytes]].some(isRegular) || [key, text].some((one) => PLACEHOLDER.test(one)))
    return true
  return isOneCase(key) || isPhrase(text)
}

/** Base64url of random bytes has letters of both cases; the chance of only one case is one in a billion. */
const isOneCase = (key: string): boolean => key === key.toLowerCase() || key === key.toUpperCase()

/** Words with separators, in printable text. Hex, UUIDs and base64 do not match. */
const isPhrase = (text: string): boolean =>
  /^[\x20-\x7e]+$/.test(text) &&
  !/^[\da-f-]+$/.test(text) &&
  (text.trim().includes(' ') ||
    (text === text.toLowerCase() && /(?:^|[^a-z])(?:[a-z]{2,}[-_.,:;/]+){2}[a-z]{2,}/.test(text)))

const codesOf = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0))

/** Few different characters, a repeated piece, or equal steps; 32 random bytes have none of these. */
function isRegular(codes: readonly number[]): boolean {
  const shares = [...countsOf(codes).values()].map((count) => count / codes.length)
  const bits = shares.reduce((sum, share) => sum - share * Math.log2(share), 0)
  if (bits < LEAST_BITS) return true
  for (let piece = 1; piece <= codes.length / 2; piece += 1)
    if (mostly(codes.slice(piece).map((code, at) => code === codes[at]))) return true
  const steps = codes.slice(1).map((code, at) => code - (codes[at] ?? 0))
  return Math.max(...countsOf(steps).values()) > steps.length / 2
}

const mostly = (all: readonly boolean[]): boolean => all.filter(Boolean).length > all.length / 2

function countsOf(numbers: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1)
  return counts
}

// Caches values, never promises: workerd cancels the pending work of a request that has ended.
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

const hkdf = (info: string) => ({
  name: 'HKDF',
  hash: 'SHA-256',
  salt: new Uint8Array(),
  info: new TextEncoder().encode(info),
})

/** The HKDF info of an encryption key, which is additional data of AES-GCM too. No signing purpose has this form. */
export const encryptionInfo = (purpose: EncryptionPurpose, grant: string): string =>
  `encrypt\n${purpose}\n${grant}`

export const deriveEncryptionKey = async (
  root: RootKey,
  purpose: EncryptionPurpose,
  grant: string,
): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(
    hkdf(encryptionInfo(purpose, grant)),
    await importRoot(root),
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )

/** Cached per isolate: there are few purposes, and every request checks a bearer. */
export async function deriveSigningKey(root: RootKey, purpose: SigningPurpose): Promise<CryptoKey> {
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
