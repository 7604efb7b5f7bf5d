import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import type { AuditEvent, EventClient } from '#events/event.ts'
import { uuidv7 } from '#lib/uuid.ts'
import { ROOT } from '#harness/local/workers.ts'

/** Who and what is in a seeded log: random questions draw from it. */
export interface SeededLog {
  readonly database: DatabaseSync
  readonly events: number
  readonly users: readonly string[]
  readonly clients: readonly string[]
  readonly tools: readonly string[]
  readonly sessions: readonly string[]
  /** Some of them, evenly. */
  readonly transactions: readonly string[]
  readonly ids: readonly string[]
  readonly fromMs: number
  readonly toMs: number
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Few are chosen often: a tenth of them has about a third of all. */
export const chooseFrom = <T>(items: readonly T[], random: () => number): T => {
  const item = items[Math.floor(items.length * random() ** 2)]
  if (item === undefined) throw new Error('there is nothing to choose from')
  return item
}

const EVENTS_PER_USER = 100
const KEPT = 2000
const FROM_MS = Date.UTC(2026, 0, 1)
/** A million events take half a year. */
const MS_PER_EVENT = 15_552

const TOOLS = Array.from({ length: 24 }, (_, index) => `tool${index + 1}`)
const CLIENTS: readonly EventClient[] = Array.from({ length: 40 }, (_, index) => ({
  id: `https://client-${index + 1}.example.com/oauth/client.json`,
  domain: `client-${index + 1}.example.com`,
  givenName: `Client ${index + 1}`,
}))

/** Share of each type of event. The rest are calls. */
const SHARES = [
  ['call.denied', 0.04],
  ['grant.opened', 0.02],
  ['grant.refreshed', 0.05],
  ['session.opened', 0.02],
  ['session.closed', 0.015],
  ['downstream.refreshed', 0.03],
  ['step-up.approved', 0.005],
  ['security', 0.0005],
] as const

type Base = Pick<
  AuditEvent,
  'id' | 'at' | 'app' | 'user' | 'transaction' | 'grant' | 'client' | 'network' | 'agent'
>

/** One event of a user, with the parts that questions compare. */
function eventOf(base: Base, client: EventClient, session: string, random: () => number): AuditEvent {
  const dice = random()
  let below = 0
  const type = SHARES.find(([, share]) => dice < (below += share))?.[0] ?? 'call'
  const what = { kind: 'tool' as const, name: chooseFrom(TOOLS, random) }
  const endedAt = base.at
  switch (type) {
    case 'call.denied':
      return { ...base, type, what, session, reason: 'insufficient_scope', count: 1, lastAt: endedAt }
    case 'grant.opened':
      return { ...base, type, scopes: ['todos:read', 'todos:write'] }
    case 'session.opened':
      return { ...base, type, session }
    case 'session.closed':
      return { ...base, type, session, reason: 'deleted' }
    case 'step-up.approved':
      return { ...base, type, scopes: ['todos:delete'] }
    case 'security':
      return { ...base, type, finding: 'refresh-token-reused' }
    case 'grant.refreshed':
    case 'downstream.refreshed':
      return { ...base, type }
    case 'call': {
      const luck = random()
      const outcome = luck < 0.94 ? 'done' : luck < 0.965 ? 'refused' : luck < 0.99 ? 'failed' : 'unknown'
      const call = { transport: 'session', what, effect: 'write', step: 'act', outcome, endedAt } as const
      return {
        ...base,
        ...call,
        type,
        transaction: base.transaction ?? '',
        grant: base.grant ?? '',
        client,
        session,
        scopes: ['todos:write'],
        bytesIn: 212,
        ms: 31,
        arguments: { plain: { id: '7' }, personal: 'c'.repeat(140) },
        api: { requests: 1, status: 200, ms: 24, bytesSent: 60, bytesReceived: 480 },
      }
    }
  }
}

const Index = z.array(z.object({ name: z.string(), sql: z.string() }))

/** An empty log in a temporary file that SQLite has no name for: it is gone with the process. */
function emptyLog(): DatabaseSync {
  const database = new DatabaseSync('')
  database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536')
  for (const file of readdirSync(join(ROOT, 'migrations')).toSorted())
    database.exec(readFileSync(join(ROOT, 'migrations', file), 'utf8'))
  return database
}

const PER_TURN = 2000

/**
 * A log with a user for each hundred events, at the rate of a million events in half a year. The hashes are no hashes: nothing here
 * verifies them. The indexes are built at the end, which is several times faster.
 */
export async function seedLog(events: number, seed: number, signal?: AbortSignal): Promise<SeededLog> {
  const random = randomOf(seed)
  const database = emptyLog()
  const indexes = Index.parse(
    database
      .prepare(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'events' AND sql IS NOT NULL",
      )
      .all(),
  )
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`)
  const toMs = FROM_MS + events * MS_PER_EVENT
  const users = Array.from({ length: Math.max(10, Math.round(events / EVENTS_PER_USER)) }, (_, index) => ({
    name: `user-${String(index).padStart(17, '0')}`,
    seq: 0,
    clients: [chooseFrom(CLIENTS, random), chooseFrom(CLIENTS, random)],
  }))
  const insert = database.prepare('INSERT INTO events (chain, epoch, seq, body, hash) VALUES (?, 1, ?, ?, ?)')
  const hash = 'f'.repeat(64)
  const [transactions, ids, sessions]: [string[], string[], string[]] = [[], [], []]
  const keepEach = Math.max(1, Math.floor(events / KEPT))
  database.exec('BEGIN')
  for (let index = 0; index < events; index += 1) {
    if (index % PER_TURN === 0) await setImmediate()
    signal?.throwIfAborted()
    const atMs = FROM_MS + Math.floor((index + random()) * MS_PER_EVENT)
    const user = chooseFrom(users, random)
    const client = chooseFrom(user.clients, random)
    user.seq += 1
    const session = `${user.name}-${Math.floor(user.seq / 20)}`
    const [id, transaction] = [uuidv7(atMs), `transaction-${index}`]
    const facts = { app: 'todos', user: user.name, transaction, grant: `grant-${user.name}` }
    const base = {
      id,
      at: new Date(atMs).toISOString(),
      ...facts,
      client,
      network: '192.0.2.0/24',
      agent: 'claude',
    }
    insert.run(user.name, user.seq, JSON.stringify(eventOf(base, client, session, random)), hash)
    if (index % keepEach !== 0) continue
    transactions.push(transaction)
    ids.push(id)
    sessions.push(session)
  }
  seedTables(database, users, toMs, random)
  database.exec('COMMIT')
  for (const { sql } of indexes) {
    await setImmediate()
    signal?.throwIfAborted()
    database.exec(sql)
  }
  return {
    database,
    events,
    transactions,
    ids,
    sessions,
    fromMs: FROM_MS,
    toMs,
    users: users.map(({ name }) => name),
    clients: CLIENTS.map(({ id }) => id),
    tools: TOOLS,
  }
}

/** Directory and sessions. The hash of both names is the name of their user. */
function seedTables(
  database: DatabaseSync,
  users: readonly { name: string; seq: number; clients: readonly EventClient[] }[],
  toMs: number,
  random: () => number,
): void {
  const user = database.prepare(
    `INSERT INTO users (id, name, name_hash, username, username_hash, first_seen_ms, last_seen_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const session = database.prepare(
    'INSERT INTO sessions (id, user, client, app, seen_at, closed_at, epoch, seq) VALUES (?, ?, ?, ?, ?, ?, 1, 1)',
  )
  for (const { name, seq, clients } of users) {
    user.run(name, 'e'.repeat(60), name, 'e'.repeat(60), name, FROM_MS, toMs)
    for (let index = 0; index <= seq / 20; index += 1) {
      const seenAt = new Date(FROM_MS + Math.floor(random() * (toMs - FROM_MS))).toISOString()
      const closedAt = random() < 0.8 ? seenAt : null
      session.run(`${name}-${index}`, name, chooseFrom(clients, random).id, 'todos', seenAt, closedAt)
    }
  }
}
