import { z } from 'zod'
import { fromBase64Url, toBase64Url } from '#lib/hash.ts'
import type { Principal } from '#principal.ts'

/**
 * The state of a question on the stateless transport. The client carries it, so the MAC also covers the principal (MCP
 * 2026-07-28 MRTR, Server Requirements), and it holds digests instead of arguments.
 */
export const RequestState = z.strictObject({
  /** Digest of tool and arguments. */
  call: z.string(),
  /** Digest of what the user was asked. */
  subject: z.string(),
  /** Consumed in the user's object (users/requests/confirmations.ts). */
  nonce: z.string(),
  endsAtSeconds: z.int(),
})
export type RequestState = z.infer<typeof RequestState>

/** The client that asked is in the state: the edge reads it before it knows the client of the bearer. */
const Written = RequestState.extend({ client: z.string() })

/** HMAC keys: the first signs, each verifies. */
export type StateKeys = readonly [CryptoKey, ...CryptoKey[]]

/** The body has the client's id, which may be a URL. */
const SIGNED = /^ask1\.([A-Za-z0-9_-]{1,4000})\.([A-Za-z0-9_-]{43})$/

/** Whether the state has our prefix; a test entry may issue others (product.ts). */
export const hasOurPrefix = (state: string): boolean => state.startsWith('ask1.')

type Owner = Pick<Principal, 'user' | 'grant'>

const signedText = (body: string, { user, grant }: Owner) =>
  new TextEncoder().encode(JSON.stringify(['request-state', body, user, grant]))

export async function writeState(
  [key]: StateKeys,
  owner: Owner & Pick<Principal, 'client'>,
  state: RequestState,
): Promise<string> {
  const written: z.infer<typeof Written> = { ...state, client: owner.client }
  const body = toBase64Url(new TextEncoder().encode(JSON.stringify(written)))
  return `ask1.${body}.${toBase64Url(await crypto.subtle.sign('HMAC', key, signedText(body, owner)))}`
}

/** null: altered, expired, or issued for another user or grant. The caller compares the client. */
export async function readState(
  keys: StateKeys,
  owner: Owner,
  state: string,
  nowSeconds: number,
): Promise<z.infer<typeof Written> | null> {
  const [, body, mac] = SIGNED.exec(state) ?? []
  if (body === undefined || mac === undefined) return null
  const text = signedText(body, owner)
  for (const key of keys) {
    if (!(await crypto.subtle.verify('HMAC', key, fromBase64Url(mac), text))) continue
    const read = Written.parse(JSON.parse(new TextDecoder().decode(fromBase64Url(body))))
    return read.endsAtSeconds > nowSeconds ? read : null
  }
  return null
}
