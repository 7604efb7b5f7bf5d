import { z } from 'zod'
import type { EndReason } from '#users/grants/grant.ts'
import type { Client } from '../faults/client.ts'
import { GRANTS_PER_USER } from '../settings.ts'
import { send } from '../faults/send.ts'
import type { Answer } from '../wire.ts'
import { expect, vi } from 'vitest'
import { listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
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
  claims_too_old:
    'a rule of this server needs newer facts about the user, and PingOne gave no way to renew them',
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

/** Ships the audit events of before, so that what waits afterwards came afterwards. */
export async function shipEverything(): Promise<void> {
  for (const id of await listDurableObjectIds(env.USER)) {
    const user = env.USER.get(id)
    for (let tries = 0; tries < 10 && (await user.auditState()).waiting > 0; tries += 1)
      await runDurableObjectAlarm(user)
    expect(await user.auditState()).toMatchObject({ waiting: 0 })
  }
}

const WaitingRow = z.object({ body: z.string() })

/**
 * Everything that the User objects store, and all key names in KV. Equal before and after: nothing was touched. `events` are
 * the audit events that wait for D1, and the only reason for which an object plans to ship.
 */
export async function everythingStored() {
  const ids = await listDurableObjectIds(env.USER)
  const read = (_: unknown, { storage }: DurableObjectState) => {
    const { outbox = [], ...tables } = tablesOf(storage.sql)
    const rows = [...storage.kv.list()].filter(([key]) => key !== 'wake-ship' || outbox.length === 0)
    const events = z.array(WaitingRow).parse(outbox)
    return { stored: { rows, tables }, events: events.map(({ body }): unknown => JSON.parse(body)) }
  }
  const users = await Promise.all(
    ids.map(async (id) => ({ id: id.toString(), ...(await runInDurableObject(env.USER.get(id), read)) })),
  )
  const sessions = await listDurableObjectIds(env.MCP_SESSION)
  const { keys } = await env.OAUTH_KV.list()
  return {
    users: users.toSorted((a, b) => a.id.localeCompare(b.id)).map(({ id, stored }) => [id, stored]),
    events: users.flatMap(({ events }) => events),
    sessions: sessions.length,
    kv: keys.map(({ name }) => name),
  }
}

/** The rows of each table. */
function tablesOf(sql: SqlStorage): Record<string, Record<string, SqlStorageValue>[]> {
  const named = "type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'"
  const tables = sql.exec<{ name: string }>(`SELECT name FROM sqlite_master WHERE ${named}`).toArray()
  return Object.fromEntries(tables.map(({ name }) => [name, sql.exec(`SELECT * FROM "${name}"`).toArray()]))
}
