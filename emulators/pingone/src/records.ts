import type { JWK } from 'jose'

/** What the tenant keeps. Times are seconds since 1970, by the true clock. */

/** A user who can sign in. */
export interface Account {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly name: string
  readonly givenName: string | undefined
  readonly familyName: string | undefined
  readonly groups: readonly string[]
  /** Undefined: the demo password. */
  readonly password: { readonly salt: string; readonly hash: string } | undefined
}

/** One user signed on in one browser. Its refresh tokens die with it. */
export interface BrowserSession {
  readonly sid: string
  /** The other half of the cookie. */
  readonly secret: string
  readonly username: string
  readonly authTimeSeconds: number
  readonly lastUsedSeconds: number
}

/** An authorization request that passed every check. */
export interface AuthorizationRequest {
  readonly redirectUri: string
  /** Everything asked for, in the order of asking. */
  readonly scopes: readonly string[]
  readonly state: string | undefined
  readonly nonce: string | undefined
  readonly codeChallenge: string
  readonly policyId: string
  readonly prompt: string | undefined
  readonly maxAgeSeconds: number | undefined
  /** What the application says of its own client, for the flow's screens. */
  readonly shownClient: { readonly name: string; readonly host: string } | undefined
}

/** How the flow ended, before the designer's last word. */
export type FlowOutcome =
  | { readonly kind: 'success'; readonly scopes: readonly string[] }
  | { readonly kind: 'error'; readonly error: string; readonly description: string }

/** A flow in progress, in one browser. */
export interface Flow {
  readonly id: string
  /** The browser cookie it belongs to. */
  readonly browser: string
  readonly csrf: string
  readonly request: AuthorizationRequest
  readonly sid: string | undefined
  /** Whether the user signed on in this flow, and not in one before. */
  readonly isSignedOnHere: boolean
  readonly outcome: FlowOutcome | undefined
  readonly expiresAtSeconds: number
}

/** What a user has given to the application by one login: the root of a code and all its tokens. */
export interface Given {
  readonly username: string
  readonly sid: string
  readonly policyId: string
  readonly scopes: readonly string[]
  readonly authTimeSeconds: number
}

export interface Code {
  readonly given: Given
  readonly redirectUri: string
  readonly codeChallenge: string
  readonly nonce: string | undefined
  readonly expiresAtSeconds: number
  readonly isUsed: boolean
  /** The family that was made of it, so that a second use can end it. */
  readonly familyId: string | undefined
}

/** A refresh token and everything it was rotated into. */
export interface RefreshFamily {
  readonly id: string
  readonly given: Given
  readonly createdSeconds: number
  readonly rotations: number
  /** Undefined while it lives. */
  readonly endedBecause: 'replayed' | 'revoked' | 'code used twice' | 'session ended' | undefined
}

export interface RefreshToken {
  readonly familyId: string
  readonly expiresAtSeconds: number
  /** When it was exchanged for the next one. */
  readonly usedAtSeconds: number | undefined
}

/** What the tenant remembers of an access token, by its `jti`. Undefined `given`: of client credentials. */
export interface AccessToken {
  readonly given: Given | undefined
  readonly scope: string
  readonly expiresAtSeconds: number
}

/** Parameters pushed to /par. */
export interface PushedRequest {
  readonly parameters: readonly (readonly [string, string])[]
  readonly expiresAtSeconds: number
}

/** A JWKS as text. */
export interface FetchedKeys {
  readonly text: string
  readonly atSeconds: number
}

export interface StoredKey {
  readonly kid: string
  readonly privateJwk: JWK
  readonly createdSeconds: number
  readonly isActive: boolean
}
