import { globSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deserialize } from 'node:v8'
import { z } from 'zod'
import type { StateFolder } from '#harness/local/state-folder.ts'
import { type Finding, note, ok, problem } from './finding.ts'

const Count = z.object({ waiting: z.int() })
const Rows = z.array(z.object({ value: z.instanceof(Uint8Array) }))
const StoredChain = z.object({ shipped: z.int() })
const StoredGrant = z.object({ encrypted: z.string(), ended: z.unknown() })

/** What the objects of the users on this machine hold. */
interface UsersState {
  /** Audit events that D1 does not have yet. */
  unshipped: number
  /** Live grants, by the id of the root key that encrypts their tokens. */
  grants: Map<string, number>
}

/** The keys that can decrypt, and those that an operator gave up. */
interface Keys {
  readonly rootKeys: readonly { readonly id: string }[]
  readonly retiredRootKeys: readonly string[]
}

/** Nothing but the objects themselves can read their storage in a deployment. */
export const deployedUsersNote = (): Finding =>
  note(
    'objects of the users',
    'not checked: unshipped events and grants per root key are inside the deployment, which no command reads',
    {
      fix: 'look in the log for audit.not-shipped, and for grants whose root key is missing before you take a key away',
      page: 'docs/run.md#deploy',
    },
  )

/** Reads the objects of the users in a state folder: unshipped events, and which root keys grants still need. */
export function checkUsers(folder: StateFolder, keys: Keys): readonly Finding[] {
  const { unshipped, grants } = readUsers(folder)
  const shown = [...grants].map(([id, count]) => `${id}: ${count}`).join(', ')
  const known = [...keys.rootKeys.map(({ id }) => id), ...keys.retiredRootKeys]
  const lost = [...grants.keys()].filter((id) => !known.includes(id))
  return [
    unshipped === 0
      ? ok('unshipped events', 'the audit log has every event')
      : note('unshipped events', `${unshipped} wait in the objects of the users`, {
          fix: 'they are shipped while npm start runs; if they stay, look for audit.not-shipped in the log',
          page: 'docs/audit.md#why-it-can-be-trusted',
        }),
    lost.length === 0
      ? ok('grants per root key', shown === '' ? 'there is no live grant' : shown)
      : problem('grants per root key', `${shown}; ROOT_KEYS lacks ${lost.join(', ')}`, {
          fix: 'put the key back, or name it in RETIRED_ROOT_KEYS, which signs these users out',
          page: 'docs/configuration.md',
        }),
  ]
}

function readUsers({ data }: StateFolder): UsersState {
  const state: UsersState = { unshipped: 0, grants: new Map() }
  for (const file of globSync('mcp/**/do/*-User/*.sqlite', { cwd: data })) {
    using database = new DatabaseSync(join(data, file), { readOnly: true, timeout: 5000 })
    const has = (table: string) =>
      database.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(table) !== undefined
    if (!has('_cf_KV')) continue
    for (const { encrypted, ended } of stored(database, "key LIKE 'grant:%'", StoredGrant)) {
      const id = /^v1\.(\w{1,16})\./.exec(encrypted)?.[1]
      if (id !== undefined && ended === null) state.grants.set(id, (state.grants.get(id) ?? 0) + 1)
    }
    const [chain] = stored(database, "key = 'audit-chain'", StoredChain)
    const shipped = chain?.shipped ?? 0
    for (const [table, column] of [
      ['outbox', 'seq'],
      ['calls', 'event_seq'],
    ] as const)
      if (has(table)) {
        const sql = `SELECT count(*) AS waiting FROM ${table} WHERE ${column} > ?`
        state.unshipped += Count.parse(database.prepare(sql).get(shipped)).waiting
      }
  }
  return state
}

/** Values of an object's key-value storage: workerd keeps them as V8 serializes them. */
function stored<T>(database: DatabaseSync, where: string, schema: z.ZodType<T>): readonly T[] {
  const rows = Rows.parse(database.prepare(`SELECT value FROM _cf_KV WHERE ${where}`).all())
  return rows.map(({ value }) => schema.parse(deserialize(value)))
}
