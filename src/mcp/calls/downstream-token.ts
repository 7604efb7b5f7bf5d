import { z } from 'zod'
import type { CallProblem } from './tool-denial.ts'
import type { DownstreamClaims } from '#catalog/tool-context.ts'
import { fromBase64Url, thumbprint } from '#lib/hash.ts'
import { boundedText } from '#lib/bounded-text.ts'
import { type Result, err, ok } from '#lib/result.ts'
import { Secret } from '#lib/secret.ts'
import type { CallStart, CallDenial } from '#users/calls/calls.ts'

const Claims = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]),
  scope: z.string().default(''),
  acr: z.string().optional(),
  exp: z.number().optional(),
})

/**
 * Decodes without verifying: the token came from PingOne over TLS, no decision depends on its claims, and only its own
 * user sees them. Leaves out `sid`, `jti` and `act`. null when the token is not a JWT.
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

const thumbprintOf = (token: Secret): Promise<string> => thumbprint(token.reveal())

function payloadOf(token: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(fromBase64Url(token.split('.')[1] ?? '')))
  } catch {
    // Some tenants issue opaque tokens.
    return undefined
  }
}

/** `stopped`: the call cannot continue. `none_newer`: the API refused PingOne's newest token. */
export type NoOtherToken = 'stopped' | 'none_newer'

/** The denial of a call without a token; edge/denials.ts maps it to an HTTP status. */
export const stopProblem = (stop: CallDenial): CallProblem =>
  stop.verdict === 'ended'
    ? { reason: 'ended' }
    : {
        reason: 'not_started',
        retryAfterSeconds: stop.retryAfterSeconds,
        ...(stop.isLasting === true ? { isLasting: true } : {}),
      }

/**
 * Replaces a token that the API refused. The call begins again and names the refused token; the user's object refreshes
 * only if that is still its newest, so parallel refused calls cost one refresh.
 */
export function tokenReplacer(beginAgain: (refused: string) => Promise<CallStart>) {
  let stop: CallDenial | null = null
  let isOver = false
  return {
    /** Set when PingOne gave no other token. */
    stop: () => stop,
    /** After the outcome is reported, no further request is sent for the call. */
    close: () => {
      isOver = true
    },
    replaceToken: async (refused: Secret): Promise<Result<Secret, NoOtherToken>> => {
      const thumbprint = await thumbprintOf(refused)
      const start = await beginAgain(thumbprint)
      if (start.verdict === 'ended' || start.verdict === 'unavailable') stop = start
      if (start.verdict !== 'go' || isOver) return err('stopped')
      const next = new Secret(start.downstreamToken)
      return (await thumbprintOf(next)) === thumbprint ? err('none_newer') : ok(next)
    },
  }
}
