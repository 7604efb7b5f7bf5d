import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { z } from 'zod'
import { askAbout, HEAD } from '#harness/policy.ts'
import type { CallFacts } from '#events/call-facts.ts'
import { readyEvent } from '#users/audit/event-body.ts'
import { CallStart } from '#users/calls/calls.ts'
import type { LaterCall } from '#users/calls/calls.ts'
import { grantKey, tokenKey } from '#users/grants/grant-records.ts'
import { clock } from './worker.ts'

const HOUR_SECONDS = 3600

/** A user with one live grant per id. */
export async function userWith(name: string, ...grants: string[]) {
  const user = env.USER.getByName(name)
  for (const id of grants) await user.openGrant(newGrant(id))
  return user
}

/** What policy reads of a sign-in. */
export const SIGN_IN = {
  names: ['groups'],
  isAny: true,
  groups: ['staff'],
  claims: {},
  incomplete: [],
  acr: 'flow',
  authenticatedAtSeconds: 0,
}

export const newGrant = (id: string) => ({
  id,
  record: { value: '{"authCodeId":"the code"}', expiresAtSeconds: null },
  client: 'client-a',
  shown: { name: 'Client', domain: null, redirectUri: 'http://localhost:33418/done' },
  userName: 'Ada',
  preferredUsername: 'ada',
  pingOneSession: 'sid',
  downstreamScopes: ['todo:read'],
  accessToken: 'the-access-token',
  refreshToken: 'the-refresh-token',
  downstreamEndsAtSeconds: Math.floor(clock.nowMs / 1000) + 365 * 24 * HOUR_SECONDS,
  environment: null,
})

/** A write with the client's idempotency key. Each call is a separate message. */
export const intent = (overrides: Partial<LaterCall> = {}): LaterCall => ({
  policy: HEAD,
  ask: askAbout('addTodo'),
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

/** Redeems the code of grant `g1`: it has an hour, and an access token. */
export async function giveToken(user: User, seconds = HOUR_SECONDS): Promise<void> {
  const now = Math.floor(clock.nowMs / 1000)
  const [expiresAt, grantEndsAt] = [now + seconds, now + HOUR_SECONDS]
  const grant = { clientId: 'client-a' }
  const token = { expiresAt, audience: 'x', scope: ['todo:read'], grant }
  await user.commit('g1', {
    before: '{"authCodeId":"the code"}',
    presented: 'the code',
    writes: [
      [grantKey('g1'), { value: JSON.stringify(grant), expiresAtSeconds: grantEndsAt }],
      [tokenKey('g1', TOKEN), { value: JSON.stringify(token), expiresAtSeconds: expiresAt }],
    ],
    spent: null,
  })
}

export const begin = async (user: User, overrides: Partial<LaterCall> = {}): Promise<CallStart> =>
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

/** Beyond the events of a grant. */
const FIRST_SEQ = 100

/** Inserts ended calls in bulk. Events that the audit log has not got, if the object is evicted afterwards. */
export const fillCalls = (user: User, count: number, columns: string) =>
  runInDurableObject(user, (_object, { storage }) => {
    storage.sql.exec(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO calls (event_seq, event_id, id, grant_id, client, transport, tool, effect, arguments_digest,
         began_at_ms, ended_at_ms, outcome, facts, key_hash, key_ends_at_ms, result)
       SELECT ${FIRST_SEQ} + i, '', 'c' || i, 'g1', 'client-a', 'stateless', 'addTodo', 'write', 'd', ${clock.nowMs},
         ${clock.nowMs}, 'done', '{}', ${columns} FROM n`,
      count,
    )
  })

/** The events that wait for the audit log, each checked against its schema. Calls have the number of their row. */
export const waitingEvents = (user: User) =>
  runInDurableObject(user, (_object, { storage }) => {
    const rows = z
      .array(z.object({ seq: z.number(), id: z.string(), at_ms: z.number(), body: z.string() }))
      .parse(storage.sql.exec('SELECT seq, id, at_ms, body FROM outbox ORDER BY seq').toArray())
    return rows.map(({ seq, id, at_ms: atMs, body }) => {
      const ready = readyEvent({ app: 'todos', user: 'u' }, { seq, id, atMs, event: JSON.parse(body) })
      if ('reason' in ready) throw new Error(ready.reason)
      return ready.event
    })
  })

export const deniedCalls = async (user: User) =>
  (await waitingEvents(user)).filter((event) => event.type === 'call.denied')

/** What the edge knows of a call. */
export const FACTS: CallFacts = {
  kind: 'tool',
  network: '192.0.2.0/24',
  agent: 'Claude',
  bytesIn: 321,
  session: '0123456789abcdef',
  progressToken: 7,
  scopes: ['todo:write'],
  arguments: { plain: { list: 'work' }, personal: { text: 'Buy milk' }, cut: ['note'] },
}
