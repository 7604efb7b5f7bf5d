import { errors, jwtVerify } from 'jose'
import { z } from 'zod'

import { no, ok, type Result } from './result.ts'
import type { Settings } from './settings.ts'
import { KeysUnreachable, type SigningKeys } from './signing-keys.ts'

/** Who a request is made for. */
export type User = { readonly issuer: string; readonly subject: string }

const CLOCK_SKEW_SECONDS = 60
const MAX_TOKEN_LENGTH = 16 * 1024

// RFC 6750 §2.1: the scheme (case-insensitive, RFC 9110 §11.1), one space, and a b64token.
const bearer = /^Bearer +([\w.~+/-]+=*)$/i

// RFC 9068 §2.1 and RFC 7515 §4.1.9. PingOne sends `JWT`, nothing or `at+jwt`, by application and by year.
const types: readonly string[] = ['jwt', 'at+jwt']

const User = z.object({ sub: z.string().min(1).max(256), sid: z.string().min(1).max(256) })
const Client = z.object({ client_id: z.string() })
const Scoped = z.object({ scope: z.string() })

/**
 * Whether a request may read or write, and for whom: signature, issuer, audience, time, kind of token, then
 * that a user stands behind it, then the scope. It does not ask the issuer whether the token was revoked.
 */
export async function checkToken(
  authorization: string | undefined,
  need: 'read' | 'write',
  settings: Settings,
  keys: SigningKeys,
): Promise<Result<User>> {
  if (authorization === undefined) return no({ reason: 'token_missing' })
  const token = bearer.exec(authorization)?.[1]
  if (token === undefined || token.length > MAX_TOKEN_LENGTH) return invalid('malformed')

  const claims = await verify(token, settings, keys)
  if (!claims.ok) return claims

  // Applications' own tokens have no session, and no subject or their client id as one (RFC 9068 §2.2).
  const user = User.safeParse(claims.value)
  const client = Client.safeParse(claims.value)
  if (!user.success || user.data.sub === client.data?.client_id) return no({ reason: 'user_required' })

  // RFC 6749 §3.3: scopes are whole words between spaces; `todo:readonly` is not `todo:read`.
  const granted = Scoped.safeParse(claims.value).data?.scope.split(' ') ?? []
  const scope = settings.scopes[need]
  if (!granted.includes(scope)) return no({ reason: 'insufficient_scope', scope })

  return ok({ issuer: settings.issuer, subject: user.data.sub })
}

async function verify(token: string, settings: Settings, keys: SigningKeys): Promise<Result<unknown>> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, (header, jws) => keys.find(header, jws), {
      // RFC 8725 §3.1: the algorithm is ours to choose, not the token's.
      algorithms: ['RS256'],
      issuer: settings.issuer,
      audience: settings.audience,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_SKEW_SECONDS,
    })
    const typ = (protectedHeader.typ ?? 'JWT').toLowerCase()
    return types.includes(typ) ? ok(payload) : invalid('typ')
  } catch (error) {
    if (error instanceof KeysUnreachable) return no({ reason: 'keys_unreachable', why: reasonOf(error) })
    if (error instanceof errors.JWTClaimValidationFailed) return invalid(`${error.code} ${error.claim}`)
    if (error instanceof errors.JOSEError) return invalid(error.code)
    throw error
  }
}

const invalid = (why: string): Result<never> => no({ reason: 'invalid_token', why })

const reasonOf = ({ message, cause }: Error): string =>
  cause instanceof Error ? `${message}: ${cause.name}: ${cause.message}` : message
