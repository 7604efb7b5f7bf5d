import { z } from 'zod'
import { encryptionPurposes, type RootKey } from '#lib/root-keys.ts'
import { decrypt, encrypt } from '#users/base/encryption.ts'
import { CallStart } from '#users/calls/calls.ts'
import type { EnteredCall } from '../calls/caller.ts'

/**
 * Carries a call that the edge has begun, with its downstream token, to the session's object. Encrypted, and bound to
 * session and call for 30 seconds, because a request header may be logged. The platform's traces also redact headers with
 * "token" in their names. session.ts removes it before a handler sees the request.
 */
export const CALL_HEADER = 'x-mcp-call-token'

const LIVES_SECONDS = 30

const Carried = z.object({ start: CallStart, isKeyed: z.boolean(), endsAtSeconds: z.number() })

const placeOf = (session: string, transaction: string) => ({
  purpose: encryptionPurposes.sessionCall,
  grant: `${session} ${transaction}`,
})

export async function writeCall(
  rootKeys: readonly [RootKey, ...RootKey[]],
  session: string,
  { start, transaction, isKeyed }: EnteredCall,
  nowSeconds: number,
): Promise<string> {
  const carried: z.infer<typeof Carried> = { start, isKeyed, endsAtSeconds: nowSeconds + LIVES_SECONDS }
  const encrypted = await encrypt(rootKeys, placeOf(session, transaction), JSON.stringify(carried))
  return `${transaction} ${encrypted}`
}

/** The parts of the header; the transaction is also the beginning of the message's internal id. */
export function splitCall(header: string): { transaction: string; encrypted: string } {
  const [transaction = '', encrypted = ''] = header.split(' ')
  return { transaction, encrypted }
}

/** Throws for a header of another session or call, or an old one: only the edge can reach this code. */
export async function readCall(
  rootKeys: readonly RootKey[],
  session: string,
  transaction: string,
  { encrypted, nowSeconds }: { encrypted: string; nowSeconds: number },
): Promise<Omit<EnteredCall, 'input'>> {
  const opened = await decrypt(rootKeys, placeOf(session, transaction), encrypted)
  if (!opened.ok) throw new Error('a call of another session or request reached a session')
  const { start, isKeyed, endsAtSeconds } = Carried.parse(JSON.parse(opened.value))
  if (endsAtSeconds < nowSeconds) throw new Error('a call reached its session too late')
  return { start, transaction, isKeyed }
}
