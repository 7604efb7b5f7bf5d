import type { RootKey } from '../lib/root-keys.ts'
import { openPersonId } from '../people/person-id.ts'

// Codes, access tokens and refresh tokens alike: `<userId>:<grantId>:<secret>` (the library's storage schema).
const TOKEN = /^([^:]{1,100}):[A-Za-z0-9_-]{16}:[A-Za-z0-9_-]{32}$/

/**
 * The name of the person that a token belongs to, or null for what we cannot have made (decision 15). Storage and
 * objects are asked only for the rest: what a stranger makes up costs one HMAC and leaves nothing behind.
 */
export async function tokenOwner(keys: readonly RootKey[], token: string): Promise<string | null> {
  const [, id] = TOKEN.exec(token) ?? []
  return id === undefined ? null : openPersonId(keys, id)
}
