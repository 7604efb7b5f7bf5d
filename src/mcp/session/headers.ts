import { z } from 'zod'
import { fromBase64Url, toBase64Url } from '#lib/hash.ts'
import { encryptionPurposes, type RootKey } from '#lib/root-keys.ts'
import { Principal } from '#principal.ts'
import { decrypt, encrypt } from '#users/base/encryption.ts'
import { CallStart } from '#users/calls/calls.ts'
import { CallOrigin } from '../calls/call-facts.ts'
import type { EnteredCall } from '../calls/caller.ts'

/**
 * A client's session id is `<session>.<mac>`. The MAC covers user and client, so an id opens only for them, and a forged
 * or foreign id touches no object. It does not cover the grant: a new login of the same user and client keeps sessions.
 */
interface SessionOwner {
  user: string
  client: string
}

const SIGNED = /^([0-9a-f]{64})\.([A-Za-z0-9_-]{43})$/

export const SESSION_HEADER = 'mcp-session-id'

/** The session in a client's session id, with its MAC unchecked. */
export const sessionIn = (id: string): string | null => SIGNED.exec(id)?.[1] ?? null

/** The session that a request names, with its MAC unchecked. */
export const namedSession = ({ headers }: Request): string | null =>
  sessionIn(headers.get(SESSION_HEADER) ?? '')

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

/**
 * Carries the principal of a request to the session's object. Only session-edge.ts writes it, and edge/arrival.ts
 * drops a header of this name from outside. It comes with each request and is never stored: the library would write
 * props to storage, where they would outlive their bearer. The platform's traces redact headers with "auth" in their names.
 */
export const PRINCIPAL_HEADER = 'x-mcp-auth-principal'

/**
 * What policy hides is only written if it hides something: a session of a release without policy refuses members that it
 * does not know, and must refuse what it would show.
 */
export function writePrincipal({ isNameHidden, hidden, ...known }: Principal): string {
  const policy = { ...(isNameHidden && { isNameHidden }), ...(hidden.length > 0 && { hidden }) }
  return toBase64Url(new TextEncoder().encode(JSON.stringify({ ...known, ...policy })))
}

/** Throws on a missing or invalid header, because only the edge can reach this code. */
export function readPrincipal(header: unknown): Principal {
  if (typeof header !== 'string') throw new Error('a request without a principal reached a session')
  return Principal.parse(JSON.parse(new TextDecoder().decode(fromBase64Url(header))))
}

/**
 * Carries a call that the edge has begun, with its downstream token and its message, to the session's object. Encrypted,
 * and bound to session and call for 30 seconds: the platform shows request headers to tail Workers and logs. It redacts
 * those with "token" in their names. session.ts removes it before a handler sees the request.
 */
export const CALL_HEADER = 'x-mcp-call-token'

const LIVES_SECONDS = 30

const Carried = z.object({
  start: CallStart,
  isKeyed: z.boolean(),
  origin: CallOrigin,
  message: z.record(z.string(), z.unknown()),
  endsAtSeconds: z.number(),
})

/** A call on its way to its session, and the message that asks for it. */
export interface CarriedCall extends Omit<EnteredCall, 'input'> {
  message: Record<string, unknown>
}

const placeOf = (session: string, transaction: string) => ({
  purpose: encryptionPurposes.sessionCall,
  grant: `${session} ${transaction}`,
})

export async function writeCall(
  rootKeys: readonly [RootKey, ...RootKey[]],
  session: string,
  { transaction, start, isKeyed, origin, message }: CarriedCall,
  nowSeconds: number,
): Promise<string> {
  const endsAtSeconds = nowSeconds + LIVES_SECONDS
  const carried: z.infer<typeof Carried> = { start, isKeyed, origin, message, endsAtSeconds }
  const encrypted = await encrypt(rootKeys, placeOf(session, transaction), JSON.stringify(carried))
  return `${transaction} ${encrypted}`
}

/** Throws for a header of another session or call, or an old one: only the edge can reach this code. */
export async function readCall(
  rootKeys: readonly RootKey[],
  session: string,
  header: string,
  nowSeconds: number,
): Promise<CarriedCall> {
  const [transaction = '', encrypted = ''] = header.split(' ')
  const opened = await decrypt(rootKeys, placeOf(session, transaction), encrypted)
  if (!opened.ok) throw new Error('a call of another session or request reached a session')
  const { endsAtSeconds, ...carried } = Carried.parse(JSON.parse(opened.value))
  if (endsAtSeconds < nowSeconds) throw new Error('a call reached its session too late')
  return { transaction, ...carried }
}
