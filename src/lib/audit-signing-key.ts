import { CompactSign, importJWK } from 'jose'
import { z } from 'zod'
import { err, ok, type Result } from './result.ts'
import { Secret } from './secret.ts'

/** RFC 8037 §2: 32 bytes in base64url. */
const bytes = z.string().regex(/^[A-Za-z0-9_-]{43}$/)
const PrivateKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  kid: z.string().regex(/^[\x21-\x7e]{1,128}$/),
  x: bytes,
  d: bytes,
})

/** Signs the lists of the audit log. `jwk`: JSON of a private JWK. */
export interface AuditSigningKey {
  kid: string
  jwk: Secret
}

/** Reads a private JWK of Ed25519. The error contains no values. */
export function readAuditSigningKey(text: string): Result<AuditSigningKey, string> {
  const key = PrivateKey.safeParse(parsedJson(text))
  if (key.success) return ok({ kid: key.data.kid, jwk: new Secret(JSON.stringify(key.data)) })
  const wrong = [...new Set(key.error.issues.map(({ path }) => String(path[0] ?? 'no object')))]
  return err(`must be a private JWK of Ed25519 with a kid (wrong: ${wrong.join(', ')})`)
}

/** Undefined for invalid JSON; the schema rejects it. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * A JWS in compact form (RFC 7515 §7.1) over the JSON of these claims.
 * @step audit 9-10 the signature
 */
export async function signClaims({ kid, jwk }: AuditSigningKey, claims: object): Promise<string> {
  const key = await importJWK(PrivateKey.parse(JSON.parse(jwk.reveal())), 'EdDSA')
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', kid })
    .sign(key)
}
