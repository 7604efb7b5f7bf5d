import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { denialCounts } from '#events/denial-count.ts'
import { MOST_RESERVED, MOST_WAITING } from '#users/bounds.ts'
import { callMessage, mcpRequest, NAMED_META, rpcRequest, statelessHeaders } from '#harness/messages.ts'
import { block } from '../../workers/acts.ts'
import { newToken, random, userNamed } from '../../workers/stored-bearer.ts'
import { ask, bearer, flood, network, type Send, serverWith } from './server.ts'
import { clock } from './worker.ts'

// The audit log has room for whoever fills it, and for what must be in it anyway.

const BOTH = ['todo:read', 'todo:write']
const db = env.RECORDS
afterEach(() => {
  clock.aheadMs = 0
  vi.restoreAllMocks()
})

/** D1 takes no event until it is disposed: an outage. */
async function outage(): Promise<AsyncDisposable> {
  await db.prepare('ALTER TABLE events RENAME TO hidden').run()
  return {
    [Symbol.asyncDispose]: async () => void (await db.prepare('ALTER TABLE hidden RENAME TO events').run()),
  }
}

type User = Awaited<ReturnType<typeof userNamed>>

/** So many events wait, as after an outage of days. The object counts them when it wakes. */
async function fill({ object }: User, kind: 'common' | 'reserved', count: number): Promise<void> {
  await runInDurableObject(object(), (_object, { storage }) => {
    storage.sql.exec(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO outbox (seq, id, at_ms, kind, body)
       SELECT i + (SELECT MAX(seq) FROM outbox),
         '019a0000-0000-7000-8000-' || printf('%06d%06d', ?, i), 0, ?, '{"type":"user.unblocked"}' FROM n`,
      count,
      kind === 'common' ? 1 : 2,
      kind,
    )
  })
  await evictDurableObject(object())
}

async function shipAll({ object }: User): Promise<void> {
  while ((await object().auditState()).waiting > 0) {
    clock.aheadMs += 600_000
    await runDurableObjectAlarm(object())
  }
}

const callTool = (send: Send, token: string, name: string, from?: string) => {
  const message = rpcRequest('tools/call', {
    ...callMessage(name, name === 'addTodo' ? { text: 'milk' } : {}).params,
    _meta: NAMED_META,
  })
  return send('/mcp', {
    ...(from === undefined ? {} : { from }),
    ...mcpRequest(token, message, statelessHeaders('tools/call', name)),
  })
}

const Event = z.looseObject({ type: z.string(), count: z.int().optional(), reason: z.string().optional() })
const waitingOf = ({ object }: User) =>
  runInDurableObject(object(), (_object, { storage }) =>
    storage.sql
      .exec<{ body: string }>('SELECT body FROM outbox ORDER BY seq')
      .toArray()
      .map(({ body }) => Event.parse(JSON.parse(body))),
  )

test('T40 thousands of denied calls are a few counted events', async () => {
  const user = await userNamed('denied')
  const token = await newToken(user)
  await using _down = await outage()
  const send = serverWith()
  const { statuses } = await flood(1500, (at) =>
    callTool(send, token, at % 2 === 0 ? 'addTodo' : `made-up-${at}`),
  )
  expect(statuses[429]).toBeGreaterThan(700)
  const denied = (await waitingOf(user)).filter(({ type }) => type === 'call.denied')
  const countOf = (reason: string) =>
    denied.filter((one) => one.reason === reason).reduce((sum, { count = 0 }) => sum + count, 0)
  // A made-up name is no call. One event counts for a minute.
  expect(countOf('scope_missing')).toBe(statuses[403])
  expect(countOf('too_many_requests')).toBe(statuses[429])
  expect(denied.length).toBeLessThan(10)
})

test('T40 an outbox full of denials and calls refuses no end and no block, says what it left out, and answers 503', async () => {
  const user = await userNamed('full')
  const [token, other] = [await newToken(user, BOTH), await newToken(user)]
  const send = serverWith()
  {
    await using _down = await outage()
    await fill(user, 'reserved', MOST_RESERVED)
    await fill(user, 'common', MOST_WAITING)
    for (const name of ['addTodo', 'listTodos']) {
      const { status, headers } = await callTool(send, token, name)
      expect([name, status]).toEqual([name, 503])
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    }
    // Lists are no calls. Denials of other networks would be other events: there is no room for them.
    expect((await ask(send, token)).status).toBe(200)
    for (let at = 0; at < 10; at += 1) await callTool(send, other, 'addTodo', network(at))
    const grants = await user.object().listGrants()
    await user.object().endGrant(grants[0]?.id ?? '', 'ended_by_user')
    await block(user.object())
    expect((await ask(send, token)).status).toBe(401)
  }
  const { chain } = await user.object().auditState()
  await shipAll(user)
  const { results } = await db
    .prepare(
      "SELECT type, reason, body ->> '$.count' AS count FROM events WHERE chain = ? AND type <> 'user.unblocked'",
    )
    .bind(chain)
    .all()
  expect(results).toMatchObject([
    { type: 'chain.opened' },
    { type: 'grant.opened' },
    { type: 'grant.opened' },
    // Two calls, ten denials, and the bearer after the block.
    { type: 'events.not-recorded', count: 13 },
    { type: 'grant.ended', reason: 'ended_by_user' },
    { type: 'user.blocked' },
    { type: 'grant.ended', reason: 'blocked' },
  ])
})

const Denials = z.object({ hour: z.string(), reason: z.string(), count: z.int() })
const STRANGERS = 500

test('T42 strangers can only count up: an hour has as many rows as there are reasons', async () => {
  await db.prepare('DELETE FROM denials').run()
  const send = serverWith()
  const hours = 3
  for (let hour = 0; hour < hours; hour += 1) {
    await flood(STRANGERS, (at) => {
      const from = network(at)
      const value = random(43)
      switch (at % 5) {
        case 0:
          return send('/mcp', { from, headers: bearer(value) })
        case 1:
          return send('/token', {
            from,
            body: new URLSearchParams({ grant_type: value, refresh_token: value }),
          })
        case 2:
          return send(`/authorize?client_id=${value}&state=${value}`, { method: 'GET', from })
        case 3:
          return send('/register', {
            from,
            headers: { 'content-type': 'application/json' },
            body: `{"${value}":1}`,
          })
        default:
          return send(`/callback?state=${value}&code=${value}`, { method: 'GET', from })
      }
    })
    clock.aheadMs += 3_600_000
  }
  // The first denial of an hour writes what the hour before has left.
  await send('/mcp', { headers: bearer(random(43)) })
  const rows = async () => z.array(Denials).parse((await db.prepare('SELECT * FROM denials').all()).results)
  const counted = async () => (await rows()).reduce((sum, { count }) => sum + count, 0)
  await expect.poll(counted).toBe(hours * STRANGERS + 1)
  const kept = await rows()
  const hoursKept = new Set(kept.map(({ hour }) => hour)).size
  expect(hoursKept).toBeGreaterThan(hours)
  expect(kept.length).toBeLessThanOrEqual(hoursKept * denialCounts.length)
  for (const { reason } of kept) expect(denialCounts).toContain(reason)
})

test('T41 an event that does not fit is kept bounded, and without what may be a token, a code or a link', async () => {
  const lines = (['log', 'warn', 'error'] as const).map((method) => vi.spyOn(console, method))
  const user = await userNamed('rejected')
  const token = await newToken(user)
  const jwt = `eyJ${random(20)}.eyJ${random(60)}.${random(43)}`
  const secrets = [token, token.split(':')[2] ?? '', jwt, user.id, `${user.id}~${random(16)}`]
  const body = JSON.stringify({
    type: 'security',
    finding: token,
    [jwt]: jwt,
    link: `https://mcp.example.test/step-up/${secrets[4]}?code=${random(20)}`,
    headers: { authorization: `Bearer ${token}`, cookie: `__Host-me=${secrets[4]}` },
    filler: 'many words '.repeat(2000),
  })
  await runInDurableObject(user.object(), (_object, { storage }) => {
    storage.sql.exec(
      `INSERT INTO outbox (seq, id, at_ms, kind, body)
       SELECT MAX(seq) + 1, '019a0000-0000-7000-8000-000003000000', 0, 'reserved', ? FROM outbox`,
      body,
    )
  })
  await evictDurableObject(user.object())
  const { chain } = await user.object().auditState()
  await shipAll(user)
  const select = (columns: string, table: string) =>
    db.prepare(`SELECT ${columns} FROM ${table} WHERE chain = ?`).bind(chain).all()
  const rejected = await select('reason, body', 'rejected_events')
  expect(rejected.results).toEqual([
    {
      reason: expect.stringMatching(/^[\w.:]* ?[\w:]+$/),
      body: expect.stringContaining('"type":"security"'),
    },
  ])
  const kept = JSON.stringify([rejected.results, (await select('body', 'events')).results])
  expect(kept).toContain('event.rejected')
  const text = [kept, ...lines.flatMap(({ mock }) => mock.calls.flat().map(String))].join('\n')
  expect(text).toContain('audit.event-rejected')
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
  expect(String(rejected.results[0]?.['body']).length).toBeLessThanOrEqual(4000)
})
