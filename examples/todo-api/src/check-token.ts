import { errors, jwtVerify } from 'jose'
import { z } from 'zod'

import { deny, ok, type Result } from './denial.ts'
import { readSettings, type Settings } from './settings.ts'
import { KeysUnreachable, SigningKeys } from './signing-keys.ts'

/** The user that a request is made for. */
export type User = { readonly issuer: string; readonly subject: string }

const CLOCK_SKEW_SECONDS = 60
const MAX_TOKEN_LENGTH = 16 * 1024

// RFC 6750 §2.1: the scheme (case-insensitive, RFC 9110 §11.1), spaces, and a b64token.
const bearer = /^Bearer +([\w.~+/-]+=*)$/i

// RFC 9068 §2.1 and RFC 7515 §4.1.9. PingOne sends `JWT`, `at+jwt` or no type.
const types: readonly string[] = ['jwt', 'at+jwt']

const UserClaims = z.object({ sub: z.string().min(1).max(256), sid: z.string().min(1).max(256) })
const ClientClaims = z.object({ client_id: z.string() })
const ScopeClaim = z.object({ scope: z.string() })

type Verifier = { readonly settings: Settings; readonly keys: SigningKeys }

const verifiers = new WeakMap<object, Result<Verifier>>()

/** One verifier per isolate, because it caches the issuer's keys. */
function verifierOf(env: Env): Result<Verifier> {
  const known = verifiers.get(env)
  if (known !== undefined) return known
  const settings = readSettings(env)
  const verifier = settings.ok
    ? ok({ settings: settings.value, keys: new SigningKeys(settings.value.issuer) })
    : settings
  verifiers.set(env, verifier)
  return verifier
}

/**
 * Checks signature, issuer, audience, expiry and type of the token, then that it belongs to a user, then the
 * scope. A revoked token is accepted until it expires.
 */
export async function checkToken(
  env: Env,
  authorization: string | undefined,
  need: 'read' | 'write',
): Promise<Result<User>> {
  const verifier = verifierOf(env)
  if (!verifier.ok) return verifier
  const { settings } = verifier.value

  if (authorization === undefined) return deny({ reason: 'token_missing' })
  const token = bearer.exec(authorization)?.[1]
  if (token === undefined || token.length > MAX_TOKEN_LENGTH) return invalid('malformed')

  const claims = await verify(token, verifier.value)
  if (!claims.ok) return claims

  // A token that an application got for itself has no session; its subject is absent or the client id (RFC 9068 §2.2).
  const user = UserClaims.safeParse(claims.value)
  const client = ClientClaims.safeParse(claims.value)
  if (!user.success || user.data.sub === client.data?.client_id) return deny({ reason: 'user_required' })

  // RFC 6749 §3.3: scopes are compared as whole words; `todo:readonly` is not `todo:read`.
  const granted = ScopeClaim.safeParse(claims.value).data?.scope.split(' ') ?? []
  const scope = settings.scopes[need]
  if (!granted.includes(scope)) return deny({ reason: 'insufficient_scope', scope })

  return ok({ issuer: settings.issuer, subject: user.data.sub })
}

async function verify(token: string, { settings, keys }: Verifier): Promise<Result<unknown>> {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, (header, jws) => keys.find(header, jws), {
      // RFC 8725 §3.1: the API chooses the algorithm, not the token.
      algorithms: ['RS256'],
      issuer: settings.issuer,
      audience: settings.audience,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_SKEW_SECONDS,
    })
    const typ = (protectedHeader.typ ?? 'JWT').toLowerCase()
    return types.includes(typ) ? ok(payload) : invalid('typ')
  } catch (error) {
    if (error instanceof KeysUnreachable) return deny({ reason: 'keys_unreachable', why: describe(error) })
    if (error instanceof errors.JWTClaimValidationFailed) return invalid(`${error.code} ${error.claim}`)
    if (error instanceof errors.JOSEError) return invalid(error.code)
    throw error
  }
}

const invalid = (why: string): Result<never> => deny({ reason: 'invalid_token', why })

const describe = ({ message, cause }: Error): string =>
  cause instanceof Error ? `${message}: ${cause.name}: ${cause.message}` : message
