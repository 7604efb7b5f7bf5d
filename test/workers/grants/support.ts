import { z } from 'zod'
import type { EndReason } from '#users/grants/grant.ts'
import type { Client } from '../faults/client.ts'
import { GRANTS_PER_USER } from '../settings.ts'
import { send } from '../faults/send.ts'
import type { Answer } from '../wire.ts'
import { vi } from 'vitest'
import { listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

const TokenError = z.object({ error: z.string(), error_description: z.string() })

/** POST /token with exactly these fields. */
export const postToken = (fields: Record<string, string>): Promise<Answer> =>
  send('/token', { method: 'POST', body: new URLSearchParams(fields) })

/** The full text of /token's denial of a refresh. */
export async function refreshDenial(client: Client, refreshToken = client.tokens.refresh_token) {
  const answer = await client.oauth.refresh(refreshToken)
  const { error, error_description } = TokenError.parse(JSON.parse(answer.text))
  return `${answer.status} ${error} ${error_description}`
}

/** The sentence for each reason. It contains no internal name. */
const sentences: Record<EndReason, string> = {
  revoked_by_client: 'the client revoked it',
  code_reused: 'its authorization code was presented a second time',
  code_not_redeemed: 'its authorization code was not redeemed in time',
  refresh_reused: 'an old refresh token was presented again, which can be theft',
  pingone_ended: 'the session at PingOne is over',
  downstream_expired: 'PingOne gave access for a limited time only, and that is over',
  idle: 'it was not used for too long',
  too_old: 'it reached the longest life that this server allows',
  refreshed_too_often: 'it was refreshed more often than one access may be',
  cap: `more than ${GRANTS_PER_USER} connections of this user; the one unused the longest was ended`,
  key_retired: 'this server no longer uses the key that it was encrypted with',
  ended_by_user: 'the user ended it',
  ended_by_operator: 'the operator of this server ended it',
  blocked: 'the operator of this server blocked this user',
}
export const endedSentence = (reason: EndReason) => `This access has ended: ${sentences[reason]}.`
export const denialText = (reason: EndReason) =>
  `400 invalid_grant ${endedSentence(reason)} Connect and sign in again`

/** Freezes the time of this isolate, including the library's. */
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Math.ceil(Date.now() / 1000) * 1000 })
}

export const startClock = (): void => void vi.useRealTimers()

export const passSeconds = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000)

export const MINUTE = 60
export const DAY = 86_400

/** What changes because audit events of before are shipped. With the clock stopped, that alarm sweeps too. */
const SHIPPING = ['audit-chain', 'audit-directory', 'audit-frozen', 'audit-pause', 'wake', 'wake-ship']

/** Everything that the User objects store, and all key names in KV. Equal before and after: nothing was touched. */
export async function everythingStored() {
  const ids = await listDurableObjectIds(env.USER)
  const users = await Promise.all(
    ids.map(async (id) => {
      const read = (_: unknown, { storage }: DurableObjectState) => ({
        rows: [...storage.kv.list()].filter(([key]) => !SHIPPING.includes(key)),
        tables: storage.sql.exec('SELECT name FROM sqlite_master ORDER BY name').toArray(),
      })
      return [id.toString(), await runInDurableObject(env.USER.get(id), read)] as const
    }),
  )
  const sessions = await listDurableObjectIds(env.MCP_SESSION)
  const { keys } = await env.OAUTH_KV.list()
  return {
    users: users.toSorted(([a], [b]) => a.localeCompare(b)),
    sessions: sessions.length,
    kv: keys.map(({ name }) => name),
  }
}
