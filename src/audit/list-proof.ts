import { compactVerify, decodeProtectedHeader, importJWK } from 'jose'
import { z } from 'zod'
import { fromBase64Url } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'

/** `head`: the last event of every chain. `checkpoint`: the last event of each chain that retention removed. */
export const ListKind = z.enum(['head', 'checkpoint'])
export type ListKind = z.infer<typeof ListKind>

/** What a list says under its signature. `digest` and `count` are those of the full list (events/chain.ts). */
export const ListClaims = z.strictObject({
  v: z.literal(1),
  kind: ListKind,
  app: z.string(),
  /** From 1, without gaps. */
  n: z.int().min(1),
  at: z.iso.datetime({ precision: 3 }),
  count: z.int(),
  digest: z.string(),
  /** SHA-256 of the JWS of the list before, in hex; null: this is the first. */
  previous: z.string().nullable(),
})
export type ListClaims = z.infer<typeof ListClaims>

export interface SignedList {
  readonly n: number
  readonly jws: string
}

/** RFC 8037 §2. Private parts are dropped. */
const AuditPublicKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  kid: z.string(),
})
export type AuditPublicKey = z.infer<typeof AuditPublicKey>

const KeySet = z.object({ keys: z.array(AuditPublicKey).min(1) })

/** Reads a JWK or a JWK set. The error contains no values. */
export function readAuditPublicKeys(json: unknown): Result<readonly AuditPublicKey[], string> {
  const set = KeySet.safeParse(json)
  if (set.success) return ok(set.data.keys)
  const key = AuditPublicKey.safeParse(json)
  return key.success ? ok([key.data]) : err('no Ed25519 key with a kid')
}

/** `claims` are what the list says of itself, even when the signature proves nothing. */
export interface UnprovenList {
  reason: 'unreadable' | 'unknown-key' | 'wrong-signature'
  claims: ListClaims | null
}

export async function checkSignature(
  jws: string,
  keys: readonly AuditPublicKey[],
): Promise<Result<ListClaims, UnprovenList>> {
  const claims = claimsOf(jws)
  if (claims === null) return err({ reason: 'unreadable', claims })
  const key = keys.find(({ kid }) => kid === keyIdOf(jws))
  if (key === undefined) return err({ reason: 'unknown-key', claims })
  try {
    await compactVerify(jws, await importJWK({ ...key }, 'EdDSA'), { algorithms: ['EdDSA'] })
    return ok(claims)
  } catch {
    return err({ reason: 'wrong-signature', claims })
  }
}

function keyIdOf(jws: string): string | undefined {
  try {
    return decodeProtectedHeader(jws).kid
  } catch {
    return undefined
  }
}

/** What a list says of itself: unproven. */
export function claimsOf(jws: string): ListClaims | null {
  try {
    const payload = new TextDecoder().decode(fromBase64Url(jws.split('.')[1] ?? ''))
    return ListClaims.safeParse(JSON.parse(payload)).data ?? null
  } catch {
    return null
  }
}
