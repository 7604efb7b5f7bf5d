import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { CompactSign } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { GENESIS, hashOf } from '#events/chain.ts'
import { storyContext } from '#harness/story.ts'
import { openTransport, type Transport } from '#harness/transport.ts'
import { startWorld, type World } from '#harness/world.ts'
import { audit, copyRecords, openRecords, signHead, whenShipped } from '../support/local-records.ts'

// Invariant 14. Somebody can write to D1 and has no signing key. What real logins and calls left is changed in copies.
const folder = mkdtempSync(join(tmpdir(), 'mcp-audit-'))
const inFolder = (name: string) => join(folder, name)
const KEY = inFolder('key.json')
const HEAD = inFolder('head.jsonl')
const EXPORT = inFolder('export.jsonl')
/** An event in the middle of the chain. */
const MIDDLE = 6

const Row = z.object({ seq: z.int(), body: z.string(), hash: z.string() })
let world: World
let ada: Transport
/** Ada's chain, and its last number in the newest signed head. */
let chain = ''
let last = 0

async function write(by: Transport): Promise<void> {
  for (const text of ['first', 'second', 'third'])
    expect((await by.call('addTodo', { text })).status).toBe(200)
}

beforeAll(async () => {
  world = await startWorld()
  const { addresses, origin } = world
  const { stateDir } = addresses
  const story = storyContext(addresses)
  ada = await openTransport(story, 'stateless')
  await write(ada)
  await whenShipped(stateDir)
  await signHead(origin)
  using dayOne = copyRecords(stateDir, inFolder('day-1'))
  chain = z.object({ chain: z.string() }).parse(dayOne.prepare('SELECT chain FROM chains').get()).chain
  await Promise.all([write(ada), openTransport(story, 'session').then(write)])
  await whenShipped(stateDir)
  await signHead(origin)
  writeFileSync(KEY, (await audit('key', '--state', stateDir)).text)
  await audit('head', '--state', stateDir, '--out', HEAD)
  await audit('export', '--state', stateDir, '--out', EXPORT)
  using records = openRecords(stateDir)
  last = eventsOf(records).at(-1)?.seq ?? 0
}, 120_000)
afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const eventsOf = (records: DatabaseSync) =>
  z
    .array(Row)
    .parse(records.prepare('SELECT seq, body, hash FROM events WHERE chain = ? ORDER BY seq').all(chain))

const idAt = (records: DatabaseSync, seq: number): string => {
  const body = eventsOf(records).find((event) => event.seq === seq)?.body ?? '{}'
  return z.object({ id: z.string() }).parse(JSON.parse(body)).id
}

/** Computes all hashes of the chain anew, as whoever writes to D1 can. */
async function rehash(records: DatabaseSync): Promise<void> {
  const store = records.prepare('UPDATE events SET hash = ? WHERE chain = ? AND seq = ?')
  let previous = GENESIS
  for (const { seq, body } of eventsOf(records)) {
    previous = await hashOf(previous, { chain, epoch: 1, seq }, body)
    store.run(previous, chain, seq)
  }
}

/** Changes a copy of the log and verifies it. The kinds of the findings are the first words of their lines. */
async function changed(change: (records: DatabaseSync) => void | Promise<void>, ...more: string[]) {
  const state = mkdtempSync(inFolder('copy-'))
  {
    using records = copyRecords(world.addresses.stateDir, state)
    await change(records)
  }
  const { code, text } = await audit('verify', '--state', state, '--key', KEY, ...more)
  return {
    code,
    text,
    kinds: [...new Set([...text.matchAll(/^([a-z-]+) {2,}\S+ /gm)].map(([, kind]) => kind))],
  }
}

test('the log that real logins and calls left is intact, live and as an export', async () => {
  const live = await changed(() => {}, '--head', HEAD)
  expect(live).toMatchObject({ code: 0, kinds: [] })
  expect(live.text).toContain('tamper-evident up to head 2 of ')
  expect(await audit('verify', '--file', EXPORT, '--key', KEY, '--head', HEAD)).toMatchObject({ code: 0 })
})

test('T39 an event that was changed is named, and so is a chain whose hashes were computed anew', async () => {
  const makeFailed = (records: DatabaseSync) => {
    const body = 'replace(body, \'"outcome":"done"\', \'"outcome":"failed"\')'
    const { changes } = records
      .prepare(`UPDATE events SET body = ${body} WHERE chain = ? AND seq = ?`)
      .run(chain, MIDDLE)
    expect(changes).toBe(1)
  }
  const plain = await changed(makeFailed)
  expect(plain).toMatchObject({ code: 1, kinds: ['changed'] })
  expect(plain.text).toContain(`${chain} 1/${MIDDLE} `)
  const anew = await changed(async (records) => {
    makeFailed(records)
    await rehash(records)
  })
  expect(anew).toMatchObject({ code: 1, kinds: ['other-hash'] })
})

test('T39 events that were deleted, exchanged, inserted or moved are named', async () => {
  const remove = 'DELETE FROM events WHERE chain = ? AND seq >= ? AND seq <= ?'
  const middle = await changed((records) => void records.prepare(remove).run(chain, MIDDLE, MIDDLE))
  expect(middle).toMatchObject({ code: 1, kinds: ['missing'] })
  const end = await changed((records) => void records.prepare(remove).run(chain, last, last))
  expect(end).toMatchObject({ code: 1, kinds: ['missing'] })
  expect(end.text).toContain('at the end: signed head 2 names number')

  const renumber = 'UPDATE events SET seq = ? WHERE chain = ? AND seq = ?'
  const swapped = await changed((records) => {
    for (const [to, from] of [
      [0, MIDDLE],
      [MIDDLE, MIDDLE + 1],
      [MIDDLE + 1, 0],
    ] as const)
      records.prepare(renumber).run(to, chain, from)
  })
  expect(swapped).toMatchObject({ code: 1, kinds: ['reordered'] })

  const inserted = await changed((records) => {
    const copied = eventsOf(records).find(({ seq }) => seq === MIDDLE)
    for (let seq = last; seq > MIDDLE; seq -= 1) records.prepare(renumber).run(seq + 1, chain, seq)
    const body =
      copied?.body.replace(/"id":"[^"]+"/, `"id":"${idAt(records, MIDDLE).slice(0, -4)}0000"`) ?? ''
    records
      .prepare('INSERT INTO events (chain, epoch, seq, body, hash) VALUES (?, 1, ?, ?, ?)')
      .run(chain, MIDDLE + 1, body, copied?.hash ?? '')
  })
  expect(inserted.code).toBe(1)
  expect(inserted.kinds).toContain('inserted')

  const other = 'SELECT chain FROM chains WHERE chain <> ?'
  const moved = await changed((records) => {
    const to = records.prepare(other).get(chain)?.['chain'] ?? null
    records
      .prepare('UPDATE events SET chain = ?, seq = seq + 1000 WHERE chain = ? AND seq > ?')
      .run(to, chain, MIDDLE)
  })
  expect(moved.code).toBe(1)
  expect(moved.kinds).toEqual(expect.arrayContaining(['missing', 'wrong-user']))
})

test('T39 an event that is there twice is named, in D1 and in an export', async () => {
  const twice = await changed((records) => {
    records.exec('DROP INDEX events_time')
    records
      .prepare(
        `INSERT INTO events (chain, epoch, seq, body, hash)
         SELECT chain, epoch, ?, body, hash FROM events WHERE chain = ? AND seq = ?`,
      )
      .run(last + 1, chain, MIDDLE)
  })
  expect(twice.code).toBe(1)
  expect(twice.kinds).toContain('repeated-id')
  const lines = readFileSync(EXPORT, 'utf8').split('\n')
  const copied =
    lines.find((line) => line.includes(`"chain":"${chain}","epoch":1,"seq":${MIDDLE},"body"`)) ?? ''
  const file = inFolder('twice.jsonl')
  writeFileSync(file, [...lines.slice(0, -1), copied, ''].join('\n'))
  const { code, text } = await audit('verify', '--file', file, '--key', KEY)
  expect(code).toBe(1)
  expect(text).toContain(`repeated-number      ${chain} 1/${MIDDLE} `)
})

test('T39 a chain that was dropped with all that names it in D1 is named by the digest, and by a kept head', async () => {
  const drop = (records: DatabaseSync) => {
    for (const table of ['events', 'chains', 'list_entries'])
      records.prepare(`DELETE FROM ${table} WHERE chain = ?`).run(chain)
  }
  expect(await changed(drop)).toMatchObject({ code: 1, kinds: ['list-digest'] })
  const kept = await changed(drop, '--head', HEAD)
  expect(kept.code).toBe(1)
  expect(kept.text).toMatch(new RegExp(`^chain-missing +${chain} 1/`, 'm'))
  // Without the signed lists too, only the head that was kept elsewhere knows of it.
  const dropAll = (records: DatabaseSync) => {
    drop(records)
    records.exec('DELETE FROM signed_lists; DELETE FROM list_entries')
  }
  const unnoticed = await changed(dropAll)
  expect(unnoticed.code).toBe(0)
  expect(unnoticed.text).toContain('not proven by a head')
  const known = await changed(dropAll, '--head', HEAD)
  expect(known.code).toBe(1)
  expect(known.text).toMatch(new RegExp(`^chain-missing +${chain} 1/`, 'm'))
})

test('T39 a head that somebody signed anew with a key of their own is named', async () => {
  const { kid } = z.object({ kid: z.string() }).parse(JSON.parse(readFileSync(KEY, 'utf8')))
  const forged = await changed(async (records) => {
    const remove = 'DELETE FROM events WHERE chain = ? AND seq = ?'
    records.prepare(remove).run(chain, last)
    const jws = String(
      records.prepare("SELECT jws FROM signed_lists WHERE kind = 'head' AND n = 2").get()?.['jws'],
    )
    const signed = await new CompactSign(Buffer.from(jws.split('.')[1] ?? '', 'base64url'))
      .setProtectedHeader({ alg: 'EdDSA', kid })
      .sign(generateKeyPairSync('ed25519').privateKey)
    records.prepare("UPDATE signed_lists SET jws = ? WHERE kind = 'head' AND n = 2").run(signed)
  })
  expect(forged.code).toBe(1)
  expect(forged.text).toMatch(/^unproven-list +signed head 2: the signature is wrong/m)
})

test('T39 a D1 that was taken back under the running server is named by a kept head at once, and by its gap after the next call', async () => {
  const { stateDir } = world.addresses
  const old = inFolder('day-1')
  expect(await audit('verify', '--state', old, '--key', KEY)).toMatchObject({ code: 0 })
  const withHead = await audit('verify', '--state', old, '--key', KEY, '--head', HEAD)
  expect(withHead.code).toBe(1)
  expect(withHead.text).toMatch(/^other-list +signed head 2: /m)
  expect(withHead.text).toMatch(new RegExp(`^missing +${chain} 1/`, 'm'))

  using records = openRecords(stateDir)
  using dayOne = openRecords(old)
  const before = eventsOf(dayOne).at(-1)
  records.prepare('DELETE FROM events WHERE chain <> ? OR seq > ?').run(chain, before?.seq ?? 0)
  records.prepare('DELETE FROM chains WHERE chain <> ?').run(chain)
  records.prepare('UPDATE chains SET seq = ?, hash = ?').run(before?.seq ?? 0, before?.hash ?? '')
  records.exec('DELETE FROM signed_lists WHERE n = 2; DELETE FROM list_entries WHERE n = 2')
  expect(await audit('verify', '--state', stateDir, '--key', KEY)).toMatchObject({ code: 0 })
  await write(ada)
  const newer = () => eventsOf(records).at(-1)?.seq ?? 0
  await expect.poll(newer).toBeGreaterThan(last)
  const gap = await audit('verify', '--state', stateDir, '--key', KEY)
  expect(gap.code).toBe(1)
  expect(gap.text).toContain(`missing              ${chain} 1/${(before?.seq ?? 0) + 1}: `)
})
