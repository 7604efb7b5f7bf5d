import * as oauth from 'oauth4webapi'
import type { Secret } from '#lib/secret.ts'
import { importSigningKey, type SigningKeys } from '#lib/signing-keys.ts'
import { UnusableKey } from './problems.ts'

/** How this server proves to PingOne that it is itself: PingOne accepts only the way that its application is set to. */
export type ClientAuth =
  | { method: 'client_secret_basic' | 'client_secret_post'; secret: Secret }
  | { method: 'private_key_jwt'; keys: SigningKeys }

export function makeClientAuth(auth: ClientAuth): oauth.ClientAuth {
  switch (auth.method) {
    case 'client_secret_basic':
      return oauth.ClientSecretBasic(auth.secret.reveal())
    case 'client_secret_post':
      return oauth.ClientSecretPost(auth.secret.reveal())
    case 'private_key_jwt':
      return signedAssertion(auth.keys.active)
  }
}

/**
 * RFC 7523 §3: each request has an assertion of its own, good for one use (`jti`), a minute, and nobody but this issuer
 * (`aud`; the token endpoint's address as audience is what draft-ietf-oauth-rfc7523bis takes back).
 */
const signedAssertion =
  (active: SigningKeys['active']): oauth.ClientAuth =>
  async (server, client, body, headers) => {
    try {
      const key = await importSigningKey(active)
      await oauth.PrivateKeyJwt({ key, kid: active.kid })(server, client, body, headers)
    } catch {
      // What the platform says of a broken key is for nobody: it may be about its parts.
      throw new UnusableKey()
    }
  }
