import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload } from 'jose'
import type * as oauth from 'oauth4webapi'
import type { z } from 'zod'
import { type Fetch, TooLargeError } from '#lib/bounded-fetch.ts'
import { toBase64Url } from '#lib/hash.ts'
import { err, ok, type Result } from '#lib/result.ts'
import {
  AccessTokenClaims,
  type Environments,
  idTokenClaims,
  isAccepted,
  type NamedClaims,
  type RenewedIdTokenClaims,
  renewedIdTokenClaims,
} from './claims.ts'
import { notTrusted, oversized, type PingOneFailure, unavailable } from './failures.ts'

const CLOCK_TOLERANCE_SECONDS = 60
// Tokens come only from PingOne's token endpoint, so an unknown kid is a key rotation and not an attack. A cooldown
// would only reject the users who sign in right after it.
const KEYS_COOLDOWN_MS = 0
// The token goes to the API in a header; Cloudflare accepts 128 KB of headers, other servers less.
const MAX_ACCESS_TOKEN_CHARACTERS = 64 * 1024
const KEYS_MAX_AGE_MS = 3_600_000

type Keys = ReturnType<typeof createRemoteJWKSet>

interface TokenExpectations {
  clientId: string
  apiIdentifier: string
  policyIds: readonly string[]
  environments: Environments
  claims: NamedClaims
}

/**
 * @step login 15 signatures and claims of PingOne's tokens
 */
export function makeTokenChecks(fetch: Fetch, expected: TokenExpectations) {
  const keysByAddress = new Map<string, Keys>()

  const keysOf = (server: oauth.AuthorizationServer): Keys | null => {
    if (server.jwks_uri === undefined) return null
    const known = keysByAddress.get(server.jwks_uri)
    if (known !== undefined) return known
    const keys = createRemoteJWKSet(new URL(server.jwks_uri), {
      [customFetch]: fetch,
      cooldownDuration: KEYS_COOLDOWN_MS,
      cacheMaxAge: KEYS_MAX_AGE_MS,
    })
    keysByAddress.set(server.jwks_uri, keys)
    return keys
  }

  const verify = async (server: oauth.AuthorizationServer, token: string, audience: string) => {
    const keys = keysOf(server)
    if (keys === null)
      return err<PingOneFailure>({ reason: 'misconfigured', detail: 'discovery names no keys' })
    return verifySignature(token, keys, server.issuer, audience)
  }

  const signedInClaims = idTokenClaims(expected.claims)
  const renewedClaims = renewedIdTokenClaims(expected.claims)
  const checkIdToken = async <Claims extends RenewedIdTokenClaims>(
    schema: z.ZodType<Claims>,
    server: oauth.AuthorizationServer,
    { token, accessToken }: { token: string; accessToken: string },
  ): Promise<Result<Claims, PingOneFailure>> => {
    const verified = await verify(server, token, expected.clientId)
    if (!verified.ok) return verified
    const claims = schema.safeParse(verified.value)
    if (!claims.success) return notTrusted(`id token ${String(claims.error.issues[0]?.path[0])}`)
    const wrong = await wrongClaim(claims.data, accessToken)
    return wrong === null ? ok(claims.data) : notTrusted(`id token ${wrong}`)
  }

  /** OpenID Connect Core §3.1.3.7; the nonce was compared before, in token-requests.ts. */
  const idToken = (server: oauth.AuthorizationServer, token: string, accessToken: string) =>
    checkIdToken(signedInClaims, server, { token, accessToken })

  /** OpenID Connect Core §12.2: an id token from a refresh has no nonce and may have fewer claims. */
  const renewedIdToken = (server: oauth.AuthorizationServer, token: string, accessToken: string) =>
    checkIdToken(renewedClaims, server, { token, accessToken })

  const wrongClaim = async ({ acr, at_hash, env }: RenewedIdTokenClaims, accessToken: string) => {
    if (!isAccepted(expected.environments, env ?? null)) return 'env'
    // A browser could change the policy's query parameter; only `acr` proves which flow ran.
    if (acr !== undefined && !expected.policyIds.includes(acr)) return 'acr'
    if (at_hash !== undefined && at_hash !== (await leftHalfHash(accessToken))) return 'at_hash'
    return null
  }

  /** The token for the API. Checked here, because a wrong audience or a token without a user would be our fault. */
  const accessToken = async (
    server: oauth.AuthorizationServer,
    token: string,
  ): Promise<Result<AccessTokenClaims, PingOneFailure>> => {
    if (token.length > MAX_ACCESS_TOKEN_CHARACTERS)
      return oversized(`the access token has more than ${MAX_ACCESS_TOKEN_CHARACTERS} characters`)
    const verified = await verify(server, token, expected.apiIdentifier)
    if (!verified.ok) return verified
    const claims = AccessTokenClaims.safeParse(verified.value)
    if (!claims.success) return notTrusted(`access token ${String(claims.error.issues[0]?.path[0])}`)
    const { acr, client_id, env } = claims.data
    if (!isAccepted(expected.environments, env ?? null)) return notTrusted('access token env')
    if (!expected.policyIds.includes(acr)) return notTrusted('access token acr')
    if (client_id !== undefined && client_id !== expected.clientId)
      return notTrusted('access token client_id')
    return ok(claims.data)
  }

  return { idToken, renewedIdToken, accessToken }
}

/** OpenID Connect Core §3.1.3.8: binds the access token to the id token; SHA-256 because of RS256. */
async function leftHalfHash(token: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  return toBase64Url(hash.slice(0, hash.byteLength / 2))
}

async function verifySignature(
  token: string,
  keys: Keys,
  issuer: string,
  audience: string,
): Promise<Result<JWTPayload, PingOneFailure>> {
  try {
    // PingOne signs with RS256 only; this excludes `none` and HMAC with the public key (RFC 8725 §3.1).
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['RS256'],
      issuer,
      audience,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      requiredClaims: ['exp', 'iat'],
    })
    return ok(payload)
  } catch (error) {
    if (error instanceof TooLargeError) return oversized(`keys: ${error.message}`)
    if (error instanceof errors.JWTClaimValidationFailed) return notTrusted(`${error.claim} ${error.reason}`)
    const isKeyTrouble = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid
    if (isKeyTrouble || !(error instanceof errors.JOSEError)) return unavailable('keys')
    // jose throws a plain JOSEError when the keys' status is not 200.
    return error.code === 'ERR_JOSE_GENERIC' ? unavailable('keys') : notTrusted(error.code)
  }
}
