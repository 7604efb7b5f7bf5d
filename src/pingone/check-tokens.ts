import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload } from 'jose'
import type * as oauth from 'oauth4webapi'
import { toBase64Url } from '#lib/hash.ts'
import { TooLargeError } from '#lib/bounded-fetch.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { AccessTokenClaims, IdTokenClaims, RenewedIdTokenClaims } from './claims.ts'
import { type Environments, isAccepted } from './environment.ts'
import { notTrusted, oversized, unavailable, type PingOneProblem } from './problems.ts'
import type { Wire } from './wire.ts'

const CLOCK_TOLERANCE_SECONDS = 60
// A token reaches these checks only from PingOne's own token endpoint, so an unknown kid is a rotation and no
// attack: a pause between two fetches would only turn away whoever signs in right after it.
const KEYS_COOLDOWN_MS = 0
// It goes to the API in a header, and all headers of a request together may have 128 KB at Cloudflare, less elsewhere.
const MAX_ACCESS_TOKEN_CHARACTERS = 64 * 1024
const KEYS_MAX_AGE_MS = 3_600_000

type Keys = ReturnType<typeof createRemoteJWKSet>

export interface Expected {
  clientId: string
  apiIdentifier: string
  policyIds: readonly string[]
  environments: Environments
}

export function makeTokenChecks(wire: Wire, expected: Expected) {
  const keysByAddress = new Map<string, Keys>()

  const keysOf = (server: oauth.AuthorizationServer): Keys | null => {
    if (server.jwks_uri === undefined) return null
    const known = keysByAddress.get(server.jwks_uri)
    if (known !== undefined) return known
    const keys = createRemoteJWKSet(new URL(server.jwks_uri), {
      [customFetch]: wire.fetch,
      cooldownDuration: KEYS_COOLDOWN_MS,
      cacheMaxAge: KEYS_MAX_AGE_MS,
    })
    keysByAddress.set(server.jwks_uri, keys)
    return keys
  }

  const verify = async (server: oauth.AuthorizationServer, token: string, audience: string) => {
    const keys = keysOf(server)
    if (keys === null)
      return err<PingOneProblem>({ reason: 'misconfigured', detail: 'discovery names no keys' })
    return verifySignature(token, keys, server.issuer, audience)
  }

  /** OpenID Connect Core §3.1.3.7; the nonce was compared before, in client.ts. */
  const idToken = async (
    server: oauth.AuthorizationServer,
    token: string,
    accessToken: string,
  ): Promise<Result<IdTokenClaims, PingOneProblem>> => {
    const verified = await verify(server, token, expected.clientId)
    if (!verified.ok) return verified
    const claims = IdTokenClaims.safeParse(verified.value)
    if (!claims.success) return notTrusted(`id token ${String(claims.error.issues[0]?.path[0])}`)
    const refused = await refusedIn(claims.data, accessToken)
    return refused === null ? ok(claims.data) : notTrusted(`id token ${refused}`)
  }

  /** OpenID Connect Core §12.2: one that comes with a refresh has no nonce, and here it need not say all again. */
  const renewedIdToken = async (
    server: oauth.AuthorizationServer,
    token: string,
    accessToken: string,
  ): Promise<Result<RenewedIdTokenClaims, PingOneProblem>> => {
    const verified = await verify(server, token, expected.clientId)
    if (!verified.ok) return verified
    const claims = RenewedIdTokenClaims.safeParse(verified.value)
    if (!claims.success) return notTrusted(`id token ${String(claims.error.issues[0]?.path[0])}`)
    const refused = await refusedIn(claims.data, accessToken)
    return refused === null ? ok(claims.data) : notTrusted(`id token ${refused}`)
  }

  const refusedIn = async ({ acr, at_hash, env }: RenewedIdTokenClaims, accessToken: string) => {
    if (!isAccepted(expected.environments, env ?? null)) return 'env'
    // The policy is a query parameter that a browser carried: only `acr` says which flow really ran.
    if (acr !== undefined && !expected.policyIds.includes(acr)) return 'acr'
    if (at_hash !== undefined && at_hash !== (await leftHalfHash(accessToken))) return 'at_hash'
    return null
  }

  /** The token that the API will get: ours to look at, since a wrong audience or a machine behind it is our fault. */
  const accessToken = async (
    server: oauth.AuthorizationServer,
    token: string,
  ): Promise<Result<AccessTokenClaims, PingOneProblem>> => {
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

/** OpenID Connect Core §3.1.3.8: the left half of SHA-256, as RS256 asks, says which token came with the id token. */
async function leftHalfHash(token: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  return toBase64Url(hash.slice(0, hash.byteLength / 2))
}

async function verifySignature(
  token: string,
  keys: Keys,
  issuer: string,
  audience: string,
): Promise<Result<JWTPayload, PingOneProblem>> {
  try {
    // PingOne signs with RS256 alone; naming it keeps `none` and HMAC-with-the-public-key out (RFC 8725 §3.1).
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
    // jose reports an answer other than 200 for the keys as a plain JOSEError.
    return error.code === 'ERR_JOSE_GENERIC' ? unavailable('keys') : notTrusted(error.code)
  }
}
