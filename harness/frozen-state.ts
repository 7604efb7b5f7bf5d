/**
 * A state folder of a release, frozen for the tests of later ones: `scripts/freeze-state.ts` packs it, `test/upgrade/` opens
 * it. Beside the folder it has what users' programs held at that time: tokens, a session's id, pages and cookies.
 */
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deserialize, serialize } from 'node:v8'
import { z } from 'zod'
import { Browser, type Page } from './browser.ts'
import { WORKER_NAMES } from './local/plan.ts'
import { describeStateFolder } from './local/state-folder.ts'
import { readPage } from './read-page.ts'

/** Outside the range of `reservePorts`: the origin is the audience of tokens, so a frozen folder keeps its ports. */
export const FROZEN_PORTS = { mcp: 31_787, api: 31_788, pingone: 31_789 }

const FrozenUser = z.strictObject({ username: z.string(), password: z.string(), email: z.string() })

const FrozenGrant = z.strictObject({
  user: FrozenUser,
  clientId: z.string(),
  accessToken: z.string(),
  refreshToken: z.string(),
  /** A session of the session transport; null: the client uses the stateless transport. */
  session: z.string().nullable(),
  /** A todo that its user added. */
  todo: z.string(),
})
export type FrozenGrant = z.infer<typeof FrozenGrant>

/** A login that stopped at a page. */
const FrozenLogin = z.strictObject({
  user: FrozenUser,
  clientId: z.string(),
  verifier: z.string(),
  url: z.string(),
  status: z.number(),
  markup: z.string(),
  next: z.string().nullable(),
  referrerPolicy: z.string().nullable(),
  /** The cookies that the browser sends to the MCP server, as one header. */
  cookies: z.string(),
})
export type FrozenLogin = z.infer<typeof FrozenLogin>

const FrozenFacts = z.strictObject({
  release: z.string(),
  /** The last commit that changed what wrote the folder. */
  commit: z.string(),
  frozenAtSeconds: z.number(),
  /** One of the session transport, one of the stateless transport. */
  grants: z.array(FrozenGrant),
  /** One whose consent page is open, one that is about to return from PingOne. */
  logins: z.strictObject({ consent: FrozenLogin, callback: FrozenLogin }),
  /** Ids of the audit events that wait in users' objects. */
  waiting: z.array(z.string()).min(1),
})
export type FrozenFacts = z.infer<typeof FrozenFacts>

const STATE = 'state'
const FACTS = 'facts.json'

export function freezePage(
  page: Page,
  browser: Browser,
  origin: string,
): Omit<FrozenLogin, 'user' | 'clientId' | 'verifier'> {
  return {
    url: page.url.href,
    status: page.status,
    markup: page.markup,
    next: page.next?.href ?? null,
    referrerPolicy: page.headers.get('referrer-policy'),
    cookies: browser.cookies.header(new URL('/callback', origin)),
  }
}

/** The same browser, with the page still open. */
export function thawPage(login: FrozenLogin, origin: string): { browser: Browser; page: Page } {
  const { status, markup, next, referrerPolicy, cookies } = login
  const browser = new Browser()
  const set = new Headers()
  for (const pair of cookies.split('; ')) set.append('set-cookie', `${pair}; Secure; Path=/`)
  browser.cookies.store(new URL(origin), set)
  const url = new URL(login.url)
  const headers = new Headers(referrerPolicy === null ? {} : { 'referrer-policy': referrerPolicy })
  const content = readPage(markup, url)
  return {
    browser,
    page: { ...content, url, status, headers, markup, next: next === null ? undefined : new URL(next) },
  }
}

/** Packs `<folder>/state`, whose servers have ended, and the facts about it. */
export function packFrozen(folder: string, facts: FrozenFacts, archive: string): void {
  const state = join(folder, STATE)
  const described = describeStateFolder(state)
  const ofWorkers = WORKER_NAMES.map((name) => described.settingsOf(name))
  for (const path of [described.logs, described.registry, described.run, ...ofWorkers])
    rmSync(path, { recursive: true, force: true })
  for (const file of databasesBelow(state)) {
    // Closing the only connection also deletes SQLite's log.
    using database = new DatabaseSync(file)
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }
  writeFileSync(join(folder, FACTS), `${JSON.stringify(facts, null, 2)}\n`)
  execFileSync('tar', ['-czf', archive, '-C', folder, STATE, FACTS])
}

/** Unpacks an archive into `folder`. Returns the state folder and, of an opened one, its facts. */
export function unpackFrozen(archive: string, folder: string): string {
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['-xzf', archive, '-C', folder])
  return join(folder, STATE)
}

export const readFacts = (folder: string): FrozenFacts =>
  FrozenFacts.parse(JSON.parse(readFileSync(join(folder, FACTS), 'utf8')))

const databasesBelow = (folder: string): readonly string[] =>
  globSync('**/*.sqlite', { cwd: folder }).map((file) => join(folder, file))

const hasTable = (database: DatabaseSync, name: string): boolean =>
  database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name) !== undefined

/** Ids of the events that users' objects have and D1 does not. */
export function waitingEvents(state: string): readonly string[] {
  const mcp = join(describeStateFolder(state).data, 'mcp')
  const idsIn = (pattern: string, table: string, column: string) =>
    globSync(pattern, { cwd: mcp }).flatMap((file) => {
      using database = new DatabaseSync(join(mcp, file), { readOnly: true })
      if (!hasTable(database, table)) return []
      return database
        .prepare(`SELECT ${column} AS id FROM ${table}`)
        .all()
        .map(({ id }) => String(id))
    })
  const shipped = new Set(idsIn('**/d1/**/*.sqlite', 'events', 'id'))
  const stored = [
    ...idsIn('**/do/**/*.sqlite', 'outbox', 'id'),
    ...idsIn('**/do/**/*.sqlite', 'calls', 'event_id'),
  ]
  return stored.filter((id) => !shipped.has(id))
}

const DAY_SECONDS = 86_400
/** Rows of a user's object that expire. Those of the audit log stay as they are: its hashes cover their times. */
const EXPIRING = /^(?:grant|record|session|spent|newest|refreshes):/
/** PingOne's token has its own end in itself, signed; the server renews it. */
const KEPT_FIELDS: ReadonlySet<string> = new Set(['downstreamEndsAtSeconds'])

/**
 * Moves the times by which something expires, as if the folder had been frozen at `nowSeconds`. Without this a test could only
 * open it for ten minutes, which is the life of a login.
 */
export function moveClock(state: string, { frozenAtSeconds }: FrozenFacts, nowSeconds: number): void {
  const { data } = describeStateFolder(state)
  const byMs = (nowSeconds - frozenAtSeconds) * 1000
  for (const file of databasesBelow(join(data, 'mcp', 'v3', 'kv'))) {
    using database = new DatabaseSync(file)
    if (!hasTable(database, '_mf_entries')) continue
    database
      .prepare('UPDATE _mf_entries SET expiration = expiration + ? WHERE expiration IS NOT NULL')
      .run(byMs)
  }
  const objects = [join(data, 'mcp', 'v3', 'do'), join(data, 'pingone', 'v3', 'do')]
  for (const file of objects.flatMap(databasesBelow)) {
    using database = new DatabaseSync(file)
    if (!hasTable(database, '_cf_KV')) continue
    const isOfPingOne = file.startsWith(join(data, 'pingone'))
    const write = database.prepare('UPDATE _cf_KV SET value = ? WHERE key = ?')
    for (const { key, value } of database.prepare('SELECT key, value FROM _cf_KV').all()) {
      if (!(value instanceof Uint8Array) || !(isOfPingOne || EXPIRING.test(String(key)))) continue
      write.run(
        serialize(moved(deserialize(value), frozenAtSeconds, nowSeconds - frozenAtSeconds)),
        key ?? null,
      )
    }
  }
}

/** The value with every time in it moved: numbers of seconds near the freezing, also in JSON text. */
function moved(value: unknown, aroundSeconds: number, bySeconds: number): unknown {
  const move = (inner: unknown): unknown => moved(inner, aroundSeconds, bySeconds)
  if (typeof value === 'number') {
    const isTime = value > aroundSeconds - DAY_SECONDS && value < aroundSeconds + 400 * DAY_SECONDS
    return isTime ? value + bySeconds : value
  }
  if (typeof value === 'string')
    return value.startsWith('{"') ? JSON.stringify(move(JSON.parse(value))) : value
  if (Array.isArray(value)) return value.map(move)
  // Bytes and the like have no times.
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, KEPT_FIELDS.has(name) ? inner : move(inner)]),
  )
}
