import { fromBase64Url, toBase64Url } from '#lib/hash.ts'

/**
 * A client's session id is `<session>.<mac>`. The MAC covers user and client, so an id opens only for them, and a forged
 * or foreign id touches no object. It does not cover the grant: a new login of the same user and client keeps sessions.
 */
interface SessionOwner {
  user: string
  client: string
}

const SIGNED = /^([0-9a-f]{64})\.([A-Za-z0-9_-]{43})$/

// JSON separates the parts unambiguously; a client id may be a URL.
const signedText = (session: string, { user, client }: SessionOwner) =>
  new TextEncoder().encode(JSON.stringify(['mcp-session', session, user, client]))

export async function signSessionId(
  [key]: readonly [CryptoKey, ...CryptoKey[]],
  session: string,
  owner: SessionOwner,
): Promise<string> {
  return `${session}.${toBase64Url(await crypto.subtle.sign('HMAC', key, signedText(session, owner)))}`
}

/** The library's name of the session; null when the MAC does not fit this owner. */
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
