import { env } from 'cloudflare:workers'
import { makeAuditStore } from '#audit/store.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Part, START_MS, TestChain } from './events.ts'

const db = env.RECORDS
const store = makeAuditStore(db)
const sessionOf = (id: string) => db.prepare('SELECT * FROM sessions WHERE id = ?').bind(id).first()
const isoOf = (ms: number) => new Date(ms).toISOString()

test('a session has its client, its calls by outcome, and its end', async () => {
  const chain = new TestChain()
  const session = `s-${chain.chain}`
  const parts: Part[] = [
    { type: 'session.opened', session },
    { type: 'call', session },
    { type: 'call', session, outcome: 'refused', reason: 'not_found', atMs: START_MS + 1000 },
    { type: 'call.began', session },
    { type: 'call.ended', session, outcome: 'unknown' },
    { type: 'call.denied', session, count: 7 },
    { type: 'call' },
    { type: 'session.taken-over', session, grant: 'newer', from: 'grant', atMs: START_MS + 2000 },
    { type: 'session.closed', session, grant: 'newer', reason: 'idle', atMs: START_MS + 9000 },
  ]
  const bodies = parts.slice(0, 4)
  await store.append(await chain.next(...bodies))
  expect(await sessionOf(session)).toMatchObject({ grant_id: 'grant', closed_at: null, seq: 4 })
  await store.append(await chain.next(...parts.slice(4)))
  expect(await sessionOf(session)).toEqual({
    id: session,
    user: chain.chain,
    grant_id: 'newer',
    client: 'https://agent.example.com/client.json',
    agent: 'claude',
    network: '192.0.2.0/24',
    app: 'notes',
    opened_at: isoOf(START_MS),
    // Closing is no activity.
    seen_at: isoOf(START_MS + 2000),
    done: 1,
    refused: 1,
    failed: 0,
    unknown: 1,
    denied: 7,
    closed_at: isoOf(START_MS + 9000),
    closed_reason: 'idle',
    epoch: 1,
    seq: 9,
    audited_by: null,
    audited_at: null,
    note: null,
  })
})

test('a session whose opening was rejected begins with its first call', async () => {
  const chain = new TestChain()
  const session = `s-${chain.chain}`
  await store.append(await chain.next({ type: 'call', session }))
  expect(await sessionOf(session)).toMatchObject({ opened_at: null, agent: 'claude', done: 1 })
})

test('however a chain is cut into batches, and whichever are repeated, each call is counted once', async () => {
  const kind = fc.constantFrom('done', 'refused', 'failed', 'unknown', 'denied')
  const events = fc.array(fc.record({ session: fc.nat(2), kind }), { minLength: 1, maxLength: 24 })
  const cuts = fc.array(
    fc.record({ size: fc.integer({ min: 1, max: 6 }), repeats: fc.nat(2), back: fc.nat(3) }),
    {
      minLength: 24,
      maxLength: 24,
    },
  )
  await fc.assert(
    fc.asyncProperty(events, cuts, async (given, sizes) => {
      const chain = new TestChain()
      const nameOf = (session: number) => `${session}-${chain.chain}`
      const whole = await chain.next(
        ...given.map(({ session, kind: outcome }): Part =>
          outcome === 'denied'
            ? { type: 'call.denied', session: nameOf(session), count: 3 }
            : { type: 'call', session: nameOf(session), outcome },
        ),
      )
      let sent = 0
      for (const { size, repeats, back } of sizes) {
        if (sent >= given.length) break
        // A repeated batch may begin earlier and end earlier than what is stored.
        for (let time = 0; time <= repeats; time += 1) {
          const from = time === 0 ? sent : Math.max(0, sent - back)
          const batch = { ...whole, events: whole.events.slice(from, sent + size) }
          expect(await store.append(batch)).toEqual({ outcome: 'stored' })
        }
        sent += size
      }
      const { results } = await db
        .prepare('SELECT id, done, refused, failed, unknown, denied FROM sessions WHERE user = ? ORDER BY id')
        .bind(chain.chain)
        .all()
      const expected = [0, 1, 2].flatMap((session) => {
        const own = given.filter((event) => event.session === session)
        const count = (outcome: string) => own.filter((event) => event.kind === outcome).length
        if (own.length === 0) return []
        const [done, refused, failed, unknown] = ['done', 'refused', 'failed', 'unknown'].map(count)
        return [{ id: nameOf(session), done, refused, failed, unknown, denied: 3 * count('denied') }]
      })
      expect(results).toEqual(expected)
    }),
    { numRuns: 40 },
  )
})
