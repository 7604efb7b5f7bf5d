import { env } from 'cloudflare:workers'
import { beforeEach, expect, test } from 'vitest'
import { ClientCutoffTable, CutoffList } from '#audit/cutoffs.ts'
import { OperatedRecords } from '#audit/operated.ts'
import { askD1, AuditQuestions } from '#audit/read-questions.ts'
import { makeAuditStore } from '#audit/store.ts'
import { isCutOff } from '#lib/client-cutoff.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { usersByName } from '#operate/directory.ts'
import {
  hashOfName,
  hashOfUsername,
  nameInDirectory,
  usernameInDirectory,
} from '#users/audit/directory-names.ts'
import { encrypt } from '#users/base/encryption.ts'
import { TestChain } from './events.ts'

const DEADLINE_MS = 5000
const db = env.RECORDS
const table = new ClientCutoffTable(db, DEADLINE_MS)

beforeEach(() => db.exec('DELETE FROM client_cutoffs'))

const act = (n: number) => `00000000-0000-4000-8000-00000000000${n}`

test('a cutoff never moves back, and an end leaves a block as it is', async () => {
  const client = 'one'
  await table.write({ client, endedBeforeMs: 2000, isBlocked: null, act: act(1) })
  expect(await table.read(client)).toEqual({ client, endedBeforeMs: 2000, isBlocked: false, act: act(1) })
  await table.write({ client, endedBeforeMs: 1000, isBlocked: true, act: act(2) })
  expect(await table.read(client)).toEqual({ client, endedBeforeMs: 2000, isBlocked: true, act: act(2) })
  await table.write({ client, endedBeforeMs: 3000, isBlocked: null, act: act(3) })
  expect(await table.read(client)).toEqual({ client, endedBeforeMs: 3000, isBlocked: true, act: act(2) })
  await table.write({ client, endedBeforeMs: 4000, isBlocked: false, act: act(4) })
  expect(await table.all()).toEqual([{ client, endedBeforeMs: 4000, isBlocked: false, act: act(4) }])
  expect(await table.read('another')).toBeNull()
})

test('a grant is over if it was opened before the time, or the client is blocked', () => {
  const cutoff = { client: 'one', endedBeforeMs: 10_000, isBlocked: false, act: act(1) }
  expect([9, 10].map((opened) => isCutOff(cutoff, opened))).toEqual([true, false])
  expect(isCutOff({ ...cutoff, isBlocked: true }, 10)).toBe(true)
})

test('only the first request waits for the list; later ones renew it after their answer', async () => {
  const clock = { ms: 0 }
  const list = new CutoffList(table, () => clock.ms)
  const later: Promise<unknown>[] = []
  const load = () => list.load((work) => later.push(work))
  await table.write({ client: 'one', endedBeforeMs: 1, isBlocked: null, act: act(1) })
  const first = load()
  expect(first).not.toBeNull()
  await first
  expect(list.of('one')).toMatchObject({ endedBeforeMs: 1 })
  await table.write({ client: 'two', endedBeforeMs: 2, isBlocked: true, act: act(2) })
  clock.ms = 4999
  expect([load(), later.length, list.of('two')]).toEqual([null, 0, null])
  clock.ms = 5000
  expect([load(), later.length]).toEqual([null, 1])
  // Another request meanwhile asks for nothing.
  expect([load(), later.length]).toEqual([null, 1])
  await Promise.all(later)
  expect(list.of('two')).toMatchObject({ isBlocked: true })
})

test('without D1 the last list counts, and the first request does not wait for ever', async () => {
  const clock = { ms: 0 }
  const list = new CutoffList(table, () => clock.ms)
  const unreachable = new CutoffList(new ClientCutoffTable(db, 0), () => clock.ms)
  await unreachable.load(() => {})
  expect(unreachable.of('one')).toBeNull()
  expect(unreachable.load(() => {})).toBeNull()

  await table.write({ client: 'one', endedBeforeMs: 1, isBlocked: true, act: act(1) })
  await list.load(() => {})
  await db.exec('ALTER TABLE client_cutoffs RENAME TO elsewhere')
  try {
    clock.ms = 5000
    const later: Promise<unknown>[] = []
    expect(list.load((work) => later.push(work))).toBeNull()
    await Promise.all(later)
    expect(list.of('one')).toMatchObject({ isBlocked: true })
  } finally {
    await db.exec('ALTER TABLE elsewhere RENAME TO client_cutoffs')
  }
})

test('a user is found by either name under every root key, and equal names of several users all are', async () => {
  const read = readRootKeys(`new:${'N'.repeat(42)}A,old:${'O'.repeat(42)}A`, undefined)
  if (!read.ok) throw new Error(read.error)
  const [active, old] = read.value
  if (old === undefined) throw new Error('two keys were given')
  const store = makeAuditStore(db)
  const stored = async (rootKeys: readonly [typeof active], name: string, username: string) => {
    const chain = new TestChain()
    const directory = {
      name: await encrypt(rootKeys, nameInDirectory(chain.chain), name),
      nameHash: await hashOfName(rootKeys[0], name),
      username: await encrypt(rootKeys, usernameInDirectory(chain.chain), username),
      usernameHash: await hashOfUsername(rootKeys[0], username),
      seenAtMs: 1,
    }
    await store.append({ ...(await chain.next({ type: 'chain.opened' })), directory })
    return chain.chain
  }
  const ids = [
    await stored([old], 'Grace Hopper', 'grace'),
    await stored([active], 'GRACE HOPPER', 'Grace.Two'),
  ]
  const third = await stored([active], 'Grace', 'grace-3')
  const deps = { config: { rootKeys: read.value }, questions: new AuditQuestions(askD1(db)) }
  const found = await usersByName('grace hopper', deps)
  expect(found.map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
  expect(new Set(found.map(({ name }) => name))).toEqual(new Set(['GRACE HOPPER', 'Grace Hopper']))
  expect(await usersByName('grace hoppe', deps)).toEqual([])
  expect(await usersByName('grace.two', deps)).toMatchObject([{ id: ids[1], username: 'Grace.Two' }])
  // One user has it as the username, another as the name.
  expect((await usersByName('GRACE', deps)).map(({ id }) => id).toSorted()).toEqual(
    [ids[0] ?? '', third].toSorted(),
  )

  const records = new OperatedRecords(askD1(db))
  expect(await records.isKnownUser(ids[0] ?? '')).toBe(true)
  await store.forget(ids[0] ?? '')
  // An erased user is known by the chain.
  expect(await records.isKnownUser(ids[0] ?? '')).toBe(true)
  expect(await records.isKnownUser('nobody')).toBe(false)
})
