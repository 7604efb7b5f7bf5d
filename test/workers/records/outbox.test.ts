import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import type { NewEvent } from '#events/event.ts'
import { MOST_RESERVED, MOST_WAITING, SESSIONS_PER_GRANT } from '#users/bounds.ts'
import { SESSION_IDLE_SECONDS, SessionTable } from '#users/sessions/sessions.ts'
import { type Scene, withScene } from './shipping.ts'

const what = { kind: 'tool', name: 'addTodo' } as const
const deny = (scene: Scene, change: Partial<Extract<NewEvent, { type: 'call.denied' }>> = {}) => {
  const lastAt = new Date(scene.nowMs).toISOString()
  scene.emit({ type: 'call.denied', grant: 'g1', what, reason: 'scopes', count: 1, lastAt, ...change })
}
const waiting = (scene: Scene) => scene.outbox.waiting(0, 1e9).map(({ event }) => event)

test('equal denials within a minute are one event, which says how many and when the last was', () =>
  withScene(async (scene) => {
    deny(scene)
    scene.nowMs += 59_000
    deny(scene, { arguments: { personal: 'v1.another.ciphertext' } })
    expect(waiting(scene)).toMatchObject([{ count: 2, lastAt: '2026-11-01T12:00:59.000Z' }])
    scene.nowMs += 1000
    deny(scene)
    expect(waiting(scene)).toMatchObject([{ count: 2 }, { count: 1 }])
  }))

test('denials that differ in anything but their arguments are events of their own', () =>
  withScene(async (scene) => {
    deny(scene)
    deny(scene, { reason: 'arguments' })
    deny(scene, { what: { kind: 'tool', name: 'listTodos' } })
    deny(scene, { session: '0123456789abcdef' })
    deny(scene, { network: '192.0.2.0/24' })
    deny(scene, { grant: 'g2' })
    expect(waiting(scene).map((event) => Object.entries(event))).toHaveLength(6)
  }))

test('an event that may have been sent is not counted up: the next one is another', () =>
  withScene(async (scene) => {
    deny(scene)
    scene.log.isDown = true
    await scene.shipper.run()
    scene.restart()
    deny(scene)
    expect(waiting(scene)).toMatchObject([{ count: 1 }, { count: 1 }])
  }))

/** Rows as an outage of days leaves them. */
const fill = (scene: Scene, kind: string, count: number) => {
  scene.exec(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO outbox (seq, id, at_ms, kind, body)
     SELECT i + COALESCE((SELECT MAX(seq) FROM outbox), 0), 'id' || i, 0, ?, '{}' FROM n`,
    count,
    kind,
  )
  scene.restart()
}

test('denials use up their own share of the outbox alone, and calls theirs', () =>
  withScene(async (scene) => {
    scene.emit({ type: 'grant.refreshed', grant: 'g1' })
    fill(scene, 'reserved', MOST_RESERVED)
    expect([scene.outbox.hasRoom('common'), scene.outbox.hasRoom('reserved')]).toEqual([true, false])
    fill(scene, 'common', MOST_WAITING - 2)
    expect(scene.outbox.hasRoom('common')).toBe(true)
    scene.emit({ type: 'grant.refreshed', grant: 'g1' })
    expect(scene.outbox.hasRoom('common')).toBe(false)
    const before = scene.outbox.count
    for (let count = 0; count < 5; count += 1) {
      deny(scene, { reason: `reason ${count}` })
      scene.emit({ type: 'grant.refreshed', grant: 'g1' })
    }
    expect(waiting(scene).at(-1)).toMatchObject({ type: 'events.not-recorded', count: 10 })
    scene.emit({ type: 'reads.not-recorded', count: 1, lastAt: '2026-11-01T12:00:00.000Z' })
    scene.emit({ type: 'user.blocked' })
    expect(scene.outbox.count).toBe(before + 3)
  }))

test('a full outbox is one line of the log a minute, however many events find no room', () =>
  withScene(async (scene) => {
    scene.emit({ type: 'user.unblocked' })
    fill(scene, 'reserved', MOST_RESERVED)
    const lines = vi.spyOn(console, 'error')
    const denyTimes = (times: number) => {
      for (let count = 0; count < times; count += 1) deny(scene, { reason: `${scene.nowMs} ${count}` })
      return lines.mock.calls.flat().filter((line) => String(line).includes('"event":"audit.no-room"')).length
    }
    expect(denyTimes(5)).toBe(1)
    scene.nowMs += 59_999
    expect(denyTimes(5)).toBe(1)
    scene.nowMs += 1
    expect(denyTimes(5)).toBe(2)
    expect(waiting(scene).at(-1)).toMatchObject({ type: 'events.not-recorded', count: 15 })
    lines.mockRestore()
  }))

test('a session says who took it over, and why it was closed', () =>
  runInDurableObject(env.USER.getByName(crypto.randomUUID()), (_user, { storage }) => {
    let now = 1_000_000
    const events: NewEvent[] = []
    const sessions = new SessionTable(
      storage.kv,
      () => now,
      { drop: () => {} },
      (event) => void events.push(event),
    )
    const facts = (session: string) => ({ session, network: '192.0.2.0/24', agent: 'node' })
    sessions.open('old', 'g1', 'client')
    sessions.open('s', 'g1', 'client', facts('0000000000000000'))
    expect(sessions.isOpen('s', 'g2', 'client')).toBe(true)
    expect(sessions.isOpen('s', 'g2', 'client')).toBe(true)
    now += SESSION_IDLE_SECONDS + 1
    expect(sessions.sweep()).toEqual(['old', 's'])
    for (let count = 0; count <= SESSIONS_PER_GRANT; count += 1, now += 1)
      sessions.open(`s${count}`, 'g1', 'client', facts(`hash of ${count}`))
    expect(events.slice(0, 3)).toEqual([
      { type: 'session.opened', grant: 'g1', ...facts('0000000000000000') },
      { type: 'session.taken-over', grant: 'g2', session: '0000000000000000', from: 'g1' },
      { type: 'session.closed', grant: 'g2', session: '0000000000000000', reason: 'idle' },
    ])
    expect(events.filter(({ type }) => type === 'session.closed').at(-1)).toEqual({
      type: 'session.closed',
      grant: 'g1',
      session: 'hash of 0',
      reason: 'evicted',
    })
  }))
