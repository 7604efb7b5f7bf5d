import { fromBase64Url, toBase64Url } from '#lib/hash.ts'

/**
 * A session id that the client sees: `<session>.<mac>`. The MAC covers user and client, so that an id opens
 * only for them, and one that was made up or belongs to others touches no object. It does not cover the grant:
 * a new login of the same user at the same client keeps its sessions.
 */
export interface SessionOwner {
  user: string
  client: string
}

const SIGNED = /^([0-9a-f]{64})\.([A-Za-z0-9_-]{43})$/

// JSON keeps the parts apart whatever they hold; a client id may be a URL.
const signedText = (session: string, { user, client }: SessionOwner) =>
  new TextEncoder().encode(JSON.stringify(['mcp-session', session, user, client]))

export async function signSessionId(
  [key]: readonly [CryptoKey, ...CryptoKey[]],
  session: string,
  owner: SessionOwner,
): Promise<string> {
  return `${session}.${toBase64Url(await crypto.subtle.sign('HMAC', key, signedText(session, owner)))}`
}

/** The name that the library gave the session, or null when this owner has no session with this id. */
export async function openSessionId(
  keys: readonly CryptoKey[],
  id: string,
  owner: SessionOwner,
): Promise<string | null> {
  const [, session, mac] = SIGNED.exec(id) ?? []
  if (session === undefined || mac === undefined) return null
  for (const key of keys) {
    if (await crypto.subtle.verify('HMAC', key, fromBase64Url(mac), signedText(session, owner)))
      return session
  }
  return null
}
