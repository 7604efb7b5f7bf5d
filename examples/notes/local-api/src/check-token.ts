import { errors, jwtVerify } from 'jose'
import { z } from 'zod'
import type { Denial } from './denial.ts'
import { type IssuerKeys, KeysUnreachable } from './issuer-keys.ts'
import type { Settings } from './settings.ts'

export type Action = keyof Settings['scopes']

/** Unique only together: a subject belongs to its issuer (OpenID Connect Core §5.7). */
export interface User {
  readonly issuer: string
  readonly subject: string
}

// RFC 6750 §2.1.
const BEARER = /^Bearer +([\w.~+/-]+=*)$/i
const Claims = z.object({ sub: z.string().min(1), sid: z.string().min(1), client_id: z.string().optional() })
const Scoped = z.object({ scope: z.string() })

/** Checks signature, algorithm, issuer, audience and expiry, then that a user stands behind the token, then the scope. */
export async function checkToken(
  authorization: string | undefined,
  action: Action,
  settings: Settings,
  keys: IssuerKeys,
): Promise<User | Denial> {
  if (authorization === undefined) return 'token_missing'
  const token = BEARER.exec(authorization)?.[1]
  if (token === undefined) return 'token_invalid'
  try {
    const { payload } = await jwtVerify(token, (header, jws) => keys.find(header, jws), {
      // RFC 8725 §3.1: never the algorithm that the token chooses.
      algorithms: ['RS256'],
      issuer: settings.issuer,
      audience: settings.audience,
      requiredClaims: ['exp'],
      clockTolerance: 60,
    })
    // RFC 9068 §2.2: an application's own token has no session, and its client id as subject.
    const user = Claims.safeParse(payload)
    if (!user.success || user.data.sub === user.data.client_id) return 'user_required'
    // RFC 6749 §3.3: whole words, so `notes:readonly` is not `notes:read`.
    const granted = Scoped.safeParse(payload).data?.scope.split(' ') ?? []
    if (!granted.includes(settings.scopes[action])) return 'insufficient_scope'
    return { issuer: settings.issuer, subject: user.data.sub }
  } catch (error) {
    if (error instanceof KeysUnreachable) return 'keys_unreachable'
    if (error instanceof errors.JOSEError) return 'token_invalid'
    throw error
  }
}
