import { z } from 'zod'
import { fromBase64Url, thumbprint } from '#lib/hash.ts'
import { boundedText } from '#lib/bounded-text.ts'
import type { Secret } from '#lib/secret.ts'
import type { DownstreamClaims } from '#catalog/tool-context.ts'

const Claims = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  scope: z.string().default(''),
  acr: z.string().optional(),
  exp: z.number().optional(),
})

/**
 * Decodes, and does not verify: the token came from PingOne over TLS, and nothing is decided by what it says; it
 * is shown to its own user. `sid`, `jti` and `act` are left out. null when it is not a JWT.
 */
export async function readDownstreamToken(token: Secret): Promise<DownstreamClaims | null> {
  const claims = Claims.safeParse(payloadOf(token.reveal()))
  if (!claims.success) return null
  const { iss, aud, scope, acr, exp } = claims.data
  const short = (text: string) => boundedText(text, 100)
  return {
    issuer: boundedText(iss, 300),
    audience: [aud]
      .flat()
      .slice(0, 10)
      .map((audience) => boundedText(audience, 300)),
    scopes: scope
      .split(' ')
      .filter((word) => word !== '')
      .slice(0, 50)
      .map(short),
    acr: acr === undefined ? null : short(acr),
    expiresAtSeconds: exp ?? null,
    thumbprint: await thumbprintOf(token),
  }
}

export const thumbprintOf = (token: Secret): Promise<string> => thumbprint(token.reveal())

function payloadOf(token: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(fromBase64Url(token.split('.')[1] ?? '')))
  } catch {
    // Not a JWT: some tenants give opaque tokens, and whoAmI says so by leaving it out.
    return undefined
  }
}
