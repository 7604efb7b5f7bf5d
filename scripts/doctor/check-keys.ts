import { z } from 'zod'
import { type Finding, ok, problem } from './finding.ts'

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
const CHECK = 'signing keys of PingOne'
const PAGE = 'docs/run.md#what-the-server-needs-from-the-tokens'

/** Tokens are verified with RS256 only, so at least one such key is required. */
export function checkKeys(document: unknown): Finding {
  const parsed = Keys.safeParse(document)
  if (!parsed.success) return keysProblem('the answer at jwks_uri is no key set')
  const good = parsed.data.keys.filter(
    ({ kty, use = 'sig', alg = 'RS256', n = '' }) =>
      kty === 'RSA' && use === 'sig' && alg === 'RS256' && Buffer.from(n, 'base64url').length * 8 >= MIN_BITS,
  )
  return good.length > 0
    ? ok(CHECK, `${good.length} RS256 key(s) to verify tokens with`)
    : keysProblem('no RS256 key of 2048 bits or more, so no token can be verified')
}

/** `found`: why no token can be verified. */
export const keysProblem = (found: string): Finding =>
  problem(CHECK, found, {
    fix: 'look at the signing key of the application; if PingOne does not answer, try again later',
    page: PAGE,
  })
