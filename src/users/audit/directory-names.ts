import { toBase64Url } from '#lib/hash.ts'
import { deriveSigningKey, encryptionPurposes, type RootKey, signingPurposes } from '#lib/root-keys.ts'
import type { Place } from '../base/encryption.ts'

/** The names of a user, by which operators find them. Null: PingOne's id token has none. */
export interface UserNames {
  /** As PingOne shows it; other users may have the same. */
  userName: string | null
  /** The username at PingOne, which is unique there: the claim `preferred_username`. */
  preferredUsername: string | null
}

/** HMAC of a name under a root key: equal names of users have equal hashes. */
export const hashOfName = (root: RootKey, name: string): Promise<string> =>
  hashUnder(root, signingPurposes.directoryName, name)

/** The same under another key: the hash of a username is never that of a name. */
export const hashOfUsername = (root: RootKey, username: string): Promise<string> =>
  hashUnder(root, signingPurposes.directoryUsername, username)

type NamePurpose = typeof signingPurposes.directoryName | typeof signingPurposes.directoryUsername

async function hashUnder(root: RootKey, purpose: NamePurpose, name: string): Promise<string> {
  const key = await deriveSigningKey(root, purpose)
  const text = new TextEncoder().encode(name.toLowerCase())
  return toBase64Url(await crypto.subtle.sign('HMAC', key, text))
}

/** The places of both names in the directory, for their encryption. */
export const nameInDirectory = (user: string): Place => ({
  purpose: encryptionPurposes.directoryName,
  grant: user,
})
export const usernameInDirectory = (user: string): Place => ({
  purpose: encryptionPurposes.directoryUsername,
  grant: user,
})
