import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { mostRows } from '#users/bounds.ts'
import { userName } from '#users/base/user-id.ts'
import { ISSUER } from '../settings.ts'
import { audit, auditStore, clock, config, webhook } from '../calls/worker.ts'
import { BusyUser, DAY_MS } from './busy-user.ts'
import { LongAuditLog } from './long-audit-log.ts'

/** Forty, of all kinds, for the thousand that a busy user makes. `npm run soak -- --year 1000` makes them all. */
const CALLS_PER_DAY = Number(env.CALLS_PER_DAY)
const DAYS = 365
const MONTH_DAYS = 30
const HOUR_MS = 3_600_000

const bounds = mostRows({ ...config.life, ...config.limits })

/** The hours of a day in which D1 does not answer; null: it does all day. */
const outageOn = (day: number): { fromHour: number; hours: number } | null => {
  if (day % 61 === 30) return { fromHour: 9, hours: 14 }
  return day % 17 === 5 ? { fromHour: 11, hours: 6 } : null
}

/** The receiver of webhooks, which is away for two weeks of each quarter. Remembers what it has accepted. */
const receiver = { isAway: false, accepted: [] as string[] }
webhook.sender = {
  send: async (id) => {
    if (receiver.isAway) return { outcome: 'unavailable', detail: 'away' }
    receiver.accepted.push(id)
    return { outcome: 'accepted' }
  },
}

/** A finding of each day, which the receiver is to hear of. */
const report = (user: BusyUser) =>
  user.in(async ({ user: object }) => {
    const live = (await object.listGrants()).find(({ ended }) => ended === null)
    await object.reportFinding(live?.id ?? '', 'refresh-repeated-elsewhere')
  })

/** The number of rows of each kind, and the size of the database. A kind without a stated bound has no name here. */
async function measure(user: BusyUser) {
  return user.in(async ({ storage: { kv, sql } }) => {
    const rows: Record<string, number> = {}
    for (const [key] of kv.list()) {
      const kind = Object.keys(bounds.keys).find((known) =>
        known.endsWith(':') ? key.startsWith(known) : key === known,
      )
      const name = kind ?? `unbounded: ${key}`
      rows[name] = (rows[name] ?? 0) + 1
    }
    // The platform's own tables have names that begin with an underscore.
    const tables = sql.exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 1) <> '_'",
    )
    for (const { name } of tables.toArray())
      rows[name] = Number(sql.exec(`SELECT COUNT(*) AS rows FROM "${name}"`).one()['rows'])
    return { rows, bytes: sql.databaseSize }
  })
}

const boundOf = (kind: string): number => bounds.keys[kind] ?? bounds.tables[kind] ?? 0

test(
  'a busy year: every kind of row stays within its bound, and each event reaches the audit log once',
  { timeout: 3_600_000 },
  async () => {
    const log = new LongAuditLog()
    audit.store = log
    const user = new BusyUser(await userName(ISSUER, 'busy'), CALLS_PER_DAY)
    const start = Math.ceil(clock.nowMs / DAY_MS) * DAY_MS
    const sizes: number[] = []
    clock.nowMs = start
    for (let day = 0; day < DAYS; day += 1) {
      const startMs = start + day * DAY_MS
      const outage = outageOn(day)
      log.outage =
        outage === null
          ? null
          : {
              fromMs: startMs + outage.fromHour * HOUR_MS,
              untilMs: startMs + (outage.fromHour + outage.hours) * HOUR_MS,
            }
      receiver.isAway = day % 91 >= 77
      await report(user)
      await user.live(day, startMs)
      if (day % 7 === 6) user.evict()
      const isMonthEnd = day % MONTH_DAYS === MONTH_DAYS - 1 || day === DAYS - 1
      if (!isMonthEnd) continue
      const { rows, bytes } = await measure(user)
      sizes.push(bytes)
      expect(Object.entries(rows).filter(([kind, count]) => count > boundOf(kind))).toEqual([])
      expect([rows['outbox'], log.open.size, log.rejected, log.faults]).toEqual([0, 0, 0, []])
      // Keys are valid for a day. All other calls are over and in the audit log.
      expect(rows['calls']).toBeLessThanOrEqual(CALLS_PER_DAY / 4)
      // What waits is given up after a day.
      expect(rows['webhook:'] ?? 0).toBeLessThanOrEqual(2)
      log.beginMonth()
    }
    const year = Object.fromEntries(log.counts)
    const [intents, outcomes] = [
      (year['call'] ?? 0) + (year['call.began'] ?? 0),
      Object.fromEntries(log.outcomes),
    ]
    expect({ ...year, ...outcomes, intent: intents }).toMatchObject(Object.fromEntries(user.expected))
    expect(year).not.toHaveProperty(['events.not-recorded'])
    const state = await user.in(({ user: object }) => object.auditState())
    expect(state).toMatchObject({ ...log.head, waiting: 0 })
    expect(year['security']).toBeGreaterThan(DAYS - 2)
    expect(receiver.accepted.length).toBeGreaterThan(DAYS - 4 * 15)
    expect(new Set(receiver.accepted).size).toBe(receiver.accepted.length)
    // Each client has a live grant.
    expect(year['grant.ended']).toBe((year['grant.opened'] ?? 0) - 3)
    expect(year['session.closed']).toBe(year['session.opened'])
    // Files do not shrink: after the first grants have lived as long as they may, no more is needed.
    expect(sizes).toSatisfy(() => (sizes.at(-1) ?? 0) <= (sizes[4] ?? 0) * 1.1)
    audit.store = auditStore
    webhook.sender = null
  },
)
