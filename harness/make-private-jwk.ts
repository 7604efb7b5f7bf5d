import { generateKeyPairSync } from 'node:crypto'
import { z } from 'zod'

const text = z.string()
const Jwk = z.object({
  kty: z.literal('RSA'),
  n: text,
  e: text,
  d: text,
  p: text,
  q: text,
  dp: text,
  dq: text,
  qi: text,
})

/** A private RSA key, as any tool creates one. */
export const makePrivateJwk = (kid: string, { alg = 'RS256', bits = 2048 } = {}) => ({
  ...Jwk.parse(generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ format: 'jwk' })),
  kid,
  alg,
  use: 'sig',
})

export type PrivateJwk = ReturnType<typeof makePrivateJwk>

export const privatePartsOf = ({ d, p, q, dp, dq, qi }: PrivateJwk): readonly string[] => [
  d,
  p,
  q,
  dp,
  dq,
  qi,
]

export const publicHalfOf = ({ kty, kid, use, alg, n, e }: PrivateJwk) => ({ kty, kid, use, alg, n, e })

/** A private Ed25519 key, for AUDIT_SIGNING_KEY. */
export const makeAuditJwk = (kid: string) => ({
  ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }),
  kid,
})
