import * as oauth from 'oauth4webapi'
import type { Secret } from '#lib/secret.ts'
import { importSigningKey, type SigningKeys } from '#lib/signing-keys.ts'
import { UnusableKeyError } from './failures.ts'

/** How this server authenticates to PingOne. PingOne accepts only the method that its application is set to. */
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
 * RFC 7523 §3: each request has its own assertion, valid once (`jti`), for a minute, and for this issuer only (`aud`;
 * draft-ietf-oauth-rfc7523bis withdraws the token endpoint's address as audience).
 */
const signedAssertion =
  (active: SigningKeys['active']): oauth.ClientAuth =>
  async (server, client, body, headers) => {
    try {
      const key = await importSigningKey(active)
      await oauth.PrivateKeyJwt({ key, kid: active.kid })(server, client, body, headers)
    } catch {
      // The platform's error may contain parts of the key, so it is dropped.
      throw new UnusableKeyError()
    }
  }
