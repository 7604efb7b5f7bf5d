import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AuditEvent, type NewEvent } from '#events/event.ts'
import type { Trouble } from '../memory-audit-store.ts'
import { type Scene, USER, withScene } from './shipping.ts'

const refreshed = (transaction: string): NewEvent => ({ type: 'grant.refreshed', grant: 'g1', transaction })
const denied = (scene: Scene, reason: string): NewEvent => ({
  type: 'call.denied',
  grant: 'g1',
  reason,
  count: 1,
  lastAt: new Date(scene.nowMs).toISOString(),
})

/** The transactions of the chain, in order, and how many denials its events stand for. */
function readLog({ log }: Scene) {
  const bodies = log.bodiesOf(USER)
  const transactions = bodies.flatMap(({ transaction }) => (transaction === undefined ? [] : [transaction]))
  const denials = bodies.reduce(
    (sum, { type, count }) => sum + (type === 'call.denied' ? Number(count) : 0),
    0,
  )
  return { bodies, transactions, denials }
}

const trouble = fc.option(fc.constantFrom<Trouble>('down', 'throws', 'lost', 'late', 'hangs'))
const acts = fc.array(
  fc.oneof(
    fc.record({ act: fc.constant('emit' as const), count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ act: fc.constant('deny' as const), reason: fc.constantFrom('scopes', 'arguments') }),
    fc.record({ act: fc.constant('ship' as const), trouble, during: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ act: fc.constant('restart' as const) }),
    fc.record({ act: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 90 }) }),
  ),
  { maxLength: 25 },
)

test(
  'whatever fails and whenever, each event reaches the log once and in order',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (story) => {
        await withScene(async (scene) => {
          const emitted: string[] = []
          let denials = 0
          const emit = () => {
            emitted.push(String(emitted.length))
            scene.emit(refreshed(emitted.at(-1) ?? ''))
          }
          const deny = (reason: string) => {
            denials += 1
            scene.emit(denied(scene, reason))
          }
          for (const each of story) {
            if (each.act === 'emit') for (let count = 0; count < each.count; count += 1) emit()
            if (each.act === 'deny') deny(each.reason)
            if (each.act === 'restart') scene.restart()
            if (each.act === 'wait') scene.nowMs += each.seconds * 1000
            if (each.act === 'ship') {
              scene.log.troubles.push(each.trouble)
              let left = each.during
              // An event that arrives while its equal is on the way must not change it.
              scene.during = () => {
                if (left === 0) return
                left -= 1
                deny('scopes')
                emit()
              }
              await scene.shipper.run()
              scene.during = () => {}
            }
          }
          scene.log.troubles.length = 0
          await scene.drain()
          const { bodies, transactions, denials: counted } = readLog(scene)
          expect(transactions).toEqual(emitted)
          expect(counted).toBe(denials)
          expect(await scene.log.faultOf(USER)).toBeNull()
          expect(new Set(bodies.map(({ id }) => id)).size).toBe(bodies.length)
          for (const body of bodies) AuditEvent.parse(body)
          expect([scene.outbox.count, scene.shipper.state().waiting]).toEqual([0, 0])
          const head = scene.log.of(USER).at(-1)
          const { seq, hash } = head ?? { seq: 0, hash: '' }
          expect(scene.shipper.state()).toEqual({ chain: USER, epoch: 1, seq, hash, waiting: 0 })
        })
      }),
      { numRuns: 60 },
    )
  },
)

test('the first event of a chain opens it, and an event has the client of its grant', () =>
  withScene(async (scene) => {
    scene.emit(refreshed('t'))
    await scene.shipper.run()
    expect(readLog(scene).bodies).toMatchObject([
      { type: 'chain.opened', previous: null, app: 'todos', user: USER },
      {
        type: 'grant.refreshed',
        grant: 'g1',
        client: { id: 'client-a', domain: 'agent.example.com', givenName: 'Client A' },
      },
    ])
    expect(scene.shipper.state()).toMatchObject({ epoch: 1, seq: 2, waiting: 0 })
  }))

test('an object that was restored begins an epoch that names what the log had', () =>
  withScene(async (scene) => {
    scene.emit(refreshed('shipped'))
    await scene.shipper.run()
    scene.emit(refreshed('waited then'))
    const restore = scene.save()
    scene.emit(refreshed('forgotten'))
    await scene.shipper.run()
    const head = scene.log.of(USER).at(-1)
    restore()
    scene.emit(refreshed('afterwards'))
    await scene.drain()
    const { bodies } = readLog(scene)
    const second = scene.log.of(USER).filter(({ epoch }) => epoch === 2)
    expect(head).toMatchObject({ epoch: 1, seq: 4 })
    expect(second.map(({ body }) => JSON.parse(body))).toMatchObject([
      { type: 'chain.opened', previous: { epoch: 1, seq: 4, hash: head?.hash } },
      // It is in the first epoch already, under the same id.
      { type: 'event.rejected', reason: 'its id is taken' },
      { type: 'grant.refreshed', transaction: 'afterwards' },
    ])
    expect(bodies.map(({ transaction }) => transaction).filter(Boolean)).toEqual([
      'shipped',
      'waited then',
      'forgotten',
      'afterwards',
    ])
    expect(await scene.log.faultOf(USER)).toBeNull()
    expect(scene.shipper.state()).toMatchObject({ epoch: 2, seq: 3, waiting: 0 })
  }))

test('an event that does not fit its schema keeps its number, and its text is in the table of rejected events', () =>
  withScene(async (scene) => {
    scene.emit(refreshed('before'))
    scene.emit(refreshed('broken'))
    scene.emit(refreshed('after'))
    scene.exec(`UPDATE outbox SET body = '{"type":"grant.refreshed","more":"x"}' WHERE body LIKE '%broken%'`)
    await scene.drain()
    expect(readLog(scene).bodies.map(({ type }) => type)).toEqual([
      'chain.opened',
      'grant.refreshed',
      'event.rejected',
      'grant.refreshed',
    ])
    const [row] = scene.log.rejected
    expect(row).toMatchObject({ seq: 3, reason: ': unrecognized_keys' })
    expect(row?.body).toContain('"more":"x"')
    expect(readLog(scene).bodies[2]).toMatchObject({ rejected: row?.id })
    expect(await scene.log.faultOf(USER)).toBeNull()
  }))

test('an event that D1 always refuses keeps its number too, also after a restart', () =>
  withScene(async (scene) => {
    for (const transaction of ['1', '2', '3']) scene.emit(refreshed(transaction))
    const [, second] = scene.outbox.waiting(1, 3)
    scene.log.refuses.add(second?.id ?? '')
    scene.log.troubles.push(null, 'lost')
    await scene.shipper.run()
    scene.restart()
    await scene.drain()
    expect(readLog(scene).transactions).toEqual(['1', '3'])
    expect(scene.log.rejected).toMatchObject([{ seq: 3, reason: 'its id is taken' }])
    expect(await scene.log.faultOf(USER)).toBeNull()
  }))

test('a number without an event, as a failed write leaves it, does not stop those after it', () =>
  withScene(async (scene) => {
    scene.emit(refreshed('1'))
    scene.sequence.next()
    scene.emit(refreshed('2'))
    await scene.drain()
    expect(readLog(scene).bodies.map(({ type, reason }) => [type, reason])).toEqual([
      ['chain.opened', undefined],
      ['grant.refreshed', undefined],
      ['event.rejected', 'missing'],
      ['grant.refreshed', undefined],
    ])
    expect(await scene.log.faultOf(USER)).toBeNull()
  }))

test('in an outage D1 is retried less and less often, and new events do not change that', () =>
  withScene(async (scene) => {
    scene.log.isDown = true
    const pauses: number[] = []
    for (let count = 0; count < 9; count += 1) {
      scene.emit(refreshed(String(count)))
      scene.wakes.length = 0
      await scene.shipper.run()
      scene.emit(refreshed(`${count} again`))
      const next = Math.min(...scene.wakes)
      pauses.push(next - scene.nowMs / 1000)
      scene.nowMs = next * 1000
    }
    expect(pauses).toEqual([4, 8, 16, 32, 64, 128, 256, 300, 300])
    scene.log.isDown = false
    await scene.drain()
    expect(readLog(scene).transactions).toHaveLength(18)
    scene.emit(refreshed('later'))
    expect(scene.wakes.at(-1)).toBe(scene.nowMs / 1000 + 2)
  }))

test('one alarm sends ten batches of five hundred events, and the next one continues at once', () =>
  withScene(async (scene) => {
    scene.emit(refreshed('first'))
    scene.exec(
      `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5600)
       INSERT INTO outbox (seq, id, at_ms, kind, body)
       SELECT i, '019a0000-0000-7000-8000-' || printf('%012d', i), 0, 'common', '{"type":"grant.refreshed"}' FROM n`,
    )
    scene.restart()
    scene.wakes.length = 0
    await scene.shipper.run()
    expect(scene.log.batches).toHaveLength(10)
    expect(scene.wakes).toEqual([scene.nowMs / 1000])
    expect(scene.shipper.state()).toMatchObject({ waiting: 600 })
    await scene.shipper.run()
    expect(scene.shipper.state()).toMatchObject({ seq: 5601, waiting: 0 })
    expect(await scene.log.faultOf(USER)).toBeNull()
  }))

test('a batch has no more than half a megabyte, unless one event alone has', () =>
  withScene(async (scene) => {
    for (const size of [300_000, 150_000, 100_000, 700_000, 10])
      scene.emit({ type: 'security', finding: 'x'.repeat(size) })
    await scene.drain()
    const sizes = scene.log.batches.map(({ events }) => events.filter(({ seq }) => seq > 1).length)
    expect(sizes).toEqual([2, 1, 1, 1])
  }))
