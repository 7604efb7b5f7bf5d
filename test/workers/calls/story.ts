import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { CallStart, type CallIntent } from '#users/calls/calls.ts'
import { grantKey, tokenKey } from '#users/grants/grant-records.ts'
import { clock } from './worker.ts'

const HOUR_SECONDS = 3600

/** A user with one live grant per id. */
export async function userWith(name: string, ...grants: string[]) {
  const user = env.USER.getByName(name)
  for (const id of grants) await user.openGrant(newGrant(id))
  return user
}

export const newGrant = (id: string) => ({
  id,
  record: { value: '{"authCodeId":"the code"}', expiresAtSeconds: null },
  client: 'client-a',
  shown: { name: 'Client', domain: null, redirectUri: 'http://localhost:33418/done' },
  userName: 'Ada',
  pingOneSession: 'sid',
  downstreamScopes: ['todo:read'],
  accessToken: 'the-access-token',
  refreshToken: 'the-refresh-token',
  downstreamEndsAtSeconds: Math.floor(clock.nowMs / 1000) + 365 * 24 * HOUR_SECONDS,
  environment: null,
})

/** A write with the client's idempotency key. Each call is a separate message. */
export const intent = (overrides: Partial<CallIntent> = {}): CallIntent => ({
  grant: 'g1',
  client: 'client-a',
  transport: 'stateless',
  tool: 'addTodo',
  effect: 'write',
  step: 'act',
  transaction: crypto.randomUUID(),
  argumentsDigest: 'digest-1',
  key: { hash: 'hash-1' },
  ...overrides,
})

type User = Awaited<ReturnType<typeof userWith>>

export const TOKEN = 'hash-of-the-token'

/** Redeems the code of grant `g1`: it has an access token for an hour. */
export async function giveToken(user: User): Promise<void> {
  const endsAt = Math.floor(clock.nowMs / 1000) + HOUR_SECONDS
  const grant = { clientId: 'client-a' }
  const token = { expiresAt: endsAt, audience: 'x', scope: ['todo:read'], grant }
  await user.commit('g1', {
    before: '{"authCodeId":"the code"}',
    presented: 'the code',
    writes: [
      [grantKey('g1'), { value: JSON.stringify(grant), expiresAtSeconds: endsAt }],
      [tokenKey('g1', TOKEN), { value: JSON.stringify(token), expiresAtSeconds: endsAt }],
    ],
    spent: null,
  })
}

export const begin = async (user: User, overrides: Partial<CallIntent> = {}): Promise<CallStart> =>
  CallStart.parse(await user.beginCall(intent(overrides)))

/** The call rows, in the order of their numbers. */
export const rowsOf = (user: User) =>
  runInDurableObject(user, (_object, { storage }) =>
    storage.sql
      .exec<Record<string, SqlStorageValue>>(
        'SELECT event_seq, id, tool, effect, outcome, result, ended_at_ms, client_trace FROM calls ORDER BY event_seq',
      )
      .toArray(),
  )
