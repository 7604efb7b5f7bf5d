import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Head } from '#control/head.ts'
import { PRIMARY, REPLICAS } from '#control/replicas.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { checkPolicy, deployedPolicyNote } from '../../../scripts/doctor/check-policy.ts'
import { lineOf } from '../../../scripts/doctor/finding.ts'
import { readPolicyFile } from '../../../scripts/policy/files.ts'

let path: string
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'doctor-policy-'))
})
afterEach(() => rmSync(path, { recursive: true }))

const NOW = 1_800_000_000_000
const DAY = 86_400_000
const OTHER = 'A'.repeat(43)
const lines = async (name = 'default') =>
  (await checkPolicy(describeStateFolder(path), name, NOW)).map(lineOf)

async function carriedHash(name = 'default'): Promise<string> {
  const { read } = await readPolicyFile(name)
  if (!read.ok) throw new Error(read.error.join('; '))
  return read.value.policy.hash
}

/** An object of Control as it stores its rows. */
function storeControl(role: string, facts: Readonly<Record<string, object | null>>, history: string[] = []) {
  const folder = join(path, 'data/mcp/v3/do/mcp-Control')
  mkdirSync(folder, { recursive: true })
  using database = new DatabaseSync(join(folder, `${role}.sqlite`))
  database.exec('CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID')
  database.exec(
    'CREATE TABLE IF NOT EXISTS history (number INTEGER PRIMARY KEY, hash TEXT NOT NULL, text TEXT NOT NULL)',
  )
  const put = database.prepare('INSERT OR REPLACE INTO facts (name, text) VALUES (?, ?)')
  put.run('role', role)
  for (const [name, value] of Object.entries(facts)) if (value !== null) put.run(name, JSON.stringify(value))
  for (const hash of history)
    database.prepare('INSERT INTO history (hash, text) VALUES (?, ?)').run(hash, '{}')
}

const headOf = (change: Partial<Head> = {}): Head => ({
  sequence: 2,
  policy: OTHER,
  switches: [],
  bundles: [],
  ...change,
})

test('a folder in which nobody has used /mcp has no policy yet', async () => {
  expect(await lines()).toEqual([expect.stringMatching(/^note .*none is in force yet/)])
})

test('without a policy in force every request is refused, which is a problem', async () => {
  storeControl(PRIMARY, {})
  expect(await lines()).toEqual([expect.stringMatching(/^problem .*503.*policy\.not-adopted/)])
})

test('what is in force, and the document of the deployment', async () => {
  const hash = await carriedHash()
  storeControl(PRIMARY, { head: headOf({ policy: hash, bundles: [hash] }) })
  for (const name of REPLICAS) storeControl(name, { head: headOf({ policy: hash }) })
  expect(await lines()).toEqual([
    expect.stringContaining(`in force: ${hash}`),
    expect.stringMatching(/^ok .*policy\/default\.jsonc: it is in force/),
  ])
  storeControl(PRIMARY, { head: headOf({ bundles: [hash] }) })
  expect(await lines()).toContainEqual(expect.stringMatching(/^note .*adopted before/))
  storeControl(PRIMARY, { head: headOf() })
  expect(await lines()).toContainEqual(expect.stringMatching(/^note .*was not adopted.*policy\.not-adopted/))
  storeControl(PRIMARY, { head: headOf() }, [hash])
  expect(await lines()).toContainEqual(expect.stringMatching(/^note .*adopted before/))
})

test('a document that waits longer than a day, switches, and copies that are behind are notes', async () => {
  const hash = await carriedHash()
  const off = { id: crypto.randomUUID(), says: 'x', sinceMs: NOW - DAY }
  const switches: Head['switches'] = [
    { ...off, target: { kind: 'tool', value: 'addTodo' }, untilMs: null },
    { ...off, target: { kind: 'everything' }, untilMs: NOW - 1 },
  ]
  const head = headOf({ policy: hash, bundles: [hash], switches })
  storeControl(PRIMARY, { head, pending: { hash: OTHER, atMs: NOW - DAY + 1 } })
  storeControl('replica-0', { head })
  storeControl('replica-1', { head: { ...head, sequence: 1 } })
  storeControl('replica-2', {})
  expect(await lines()).toEqual([
    expect.any(String),
    expect.any(String),
    expect.stringMatching(/^note .*off: tool;/),
    expect.stringMatching(/^note .*replica-1, replica-2 lack the last change/),
  ])
  storeControl(PRIMARY, { pending: { hash: OTHER, atMs: NOW - 2 * DAY } })
  expect(await lines()).toContainEqual(expect.stringMatching(/waits for a second editor for 2 days/))
})

test('a deployment is not read without a sign-in', () => {
  expect(lineOf(deployedPolicyNote())).toContain('npm run policy -- history')
})
