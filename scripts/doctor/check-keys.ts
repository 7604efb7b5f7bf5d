import { z } from 'zod'
import { expectThat, type Finding, problem } from './finding.ts'

/** RFC 7517 §4; other key types may be present too. */
const Keys = z.object({
  keys: z.array(
    z.looseObject({
      kty: z.string(),
      use: z.string().optional(),
      alg: z.string().optional(),
      n: z.string().optional(),
    }),
  ),
})
const MIN_BITS = 2048

/** Tokens are verified with RS256 only, so at least one such key is required. */
export function checkKeys(document: unknown): Finding {
  const parsed = Keys.safeParse(document)
  if (!parsed.success) return problem('what is at jwks_uri is no key set')
  const good = parsed.data.keys.filter(
    ({ kty, use = 'sig', alg = 'RS256', n = '' }) =>
      kty === 'RSA' && use === 'sig' && alg === 'RS256' && Buffer.from(n, 'base64url').length * 8 >= MIN_BITS,
  )
  return expectThat(
    good.length > 0,
    `${good.length} RS256 key(s) to verify tokens with`,
    'no RS256 key of 2048 bits or more: tokens could not be verified. Look at the signing key of the application',
  )
}
