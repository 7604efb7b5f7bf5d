import fc from 'fast-check'
import { expect, test } from 'vitest'
import { placeOf, type Finding } from '#audit/findings.ts'
import { type AuditReport, verifyLog, type VerifyOptions } from '#audit/verify.ts'
import type { ChainedEvent } from '#events/chain.ts'
import type { OutboxState } from '#events/store.ts'
import {
  AuditLogWriter,
  copyOf,
  idOf,
  makeAuditKey,
  readerOf,
  rehash,
  type StoredLog,
} from '../../support/audit-log.ts'

const key = makeAuditKey()

/** Three users. `ann` was restored, retention removed the first events of `bob`; events of `cat` follow the last head. */
async function honestLog(): Promise<StoredLog> {
  const writer = new AuditLogWriter(key)
  await writer.append('ann', 6)
  await writer.append('bob', 9)
  await writer.signHead()
  await writer.restore('ann')
  await writer.append('ann', 5)
  await writer.append('cat', 4)
  await writer.signHead()
  await writer.checkpoint({ chain: 'bob', epoch: 1, seq: 2 })
  await writer.checkpoint({ chain: 'bob', epoch: 1, seq: 3 })
  await writer.append('cat', 3)
  return writer.log
}
const honest = await honestLog()

const verify = (log: StoredLog, options: Partial<VerifyOptions> = {}): Promise<AuditReport> =>
  verifyLog(readerOf(log), { keys: [key.published], ...options })

const places = ({ findings }: AuditReport): readonly string[] =>
  findings.map((finding) => `${finding.kind} ${placeOf(finding)}`)

/** `changed` of one event: its id is in the finding. */
const named = (kind: Finding['kind'], { chain, epoch, seq, body }: ChainedEvent): string =>
  `${kind} ${chain} ${epoch}/${seq} ${idOf(body)}`

const eventOf = (log: StoredLog, chain: string, epoch: number, seq: number): ChainedEvent => {
  const found = log.events.find((one) => one.chain === chain && one.epoch === epoch && one.seq === seq)
  if (found === undefined) throw new Error(`no event ${chain} ${epoch}/${seq}`)
  return found
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

test('an honest log is intact, and the report says up to where that is proven', async () => {
  const report = await verify(honest)
  expect(report.findings).toEqual([])
  expect(report.notes).toEqual([{ kind: 'restored', chain: 'ann', epoch: 2, seq: 1 }])
  expect(report).toMatchObject({
    events: 25,
    chains: 4,
    head: { n: 2 },
    after: 3,
    more: { findings: 0, notes: 0 },
    waiting: null,
  })
})

test('a log without a head is checked, and the missing head is a note', async () => {
  const writer = new AuditLogWriter(key)
  await writer.append('ann', 3)
  const report = await verify(writer.log)
  expect(report).toMatchObject({ findings: [], notes: [{ kind: 'no-head' }], head: null, after: 3 })
  expect((await verify({ events: [], lists: [], entries: [] })).findings).toEqual([])
})

const withOtherText = (body: string): string => body.replace('"app":"todos"', '"app":"other"')

test('any changed body is named, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(honest.events.length - 1), async (at) => {
      const log = copyOf(honest)
      const event = log.events[at]
      if (event === undefined) return
      event.body = withOtherText(event.body)
      const isAfterCheckpoint = event.chain === 'bob' && event.seq === 4
      expect(places(await verify(log))).toEqual([
        named(isAfterCheckpoint ? 'checkpoint-mismatch' : 'changed', event),
      ])
    }),
  )
})

test('a changed hash is named at its event alone', async () => {
  const log = copyOf(honest)
  eventOf(log, 'ann', 2, 3).hash = 'f'.repeat(64)
  expect(places(await verify(log))).toEqual([named('changed', eventOf(log, 'ann', 2, 3))])
})

test('a changed body with its own hash computed anew is seen at the next event', async () => {
  const log = copyOf(honest)
  const event = eventOf(log, 'ann', 2, 3)
  event.body = withOtherText(event.body)
  const later = log.events.filter((one) => one.chain === 'ann' && one.epoch === 2 && one.seq > 3)
  const hashes = later.map(({ hash }) => hash)
  await rehash(log, event)
  for (const [at, one] of later.entries()) one.hash = hashes[at] ?? ''
  expect(places(await verify(log))).toEqual([named('changed', eventOf(log, 'ann', 2, 4))])
})

test('a change with all hashes after it computed anew is named by the head', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('ann', 'cat'), fc.integer({ min: 1, max: 4 }), async (chain, seq) => {
      const log = copyOf(honest)
      const epoch = chain === 'ann' ? 2 : 1
      const event = eventOf(log, chain, epoch, seq)
      event.body = withOtherText(event.body)
      await rehash(log, event)
      const last = eventOf(log, chain, epoch, chain === 'ann' ? 6 : 4)
      expect(places(await verify(log))).toEqual([named('other-hash', last)])
    }),
  )
})

test('removed events are named by their numbers, wherever they were', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 5 }), async (from, more) => {
      const upTo = Math.min(from + more, 6)
      const log = copyOf(honest)
      log.events = log.events.filter(
        (one) => one.chain !== 'ann' || one.epoch !== 2 || one.seq < from || one.seq > upTo,
      )
      const kind = from > 1 ? 'missing' : upTo === 6 ? 'chain-missing' : 'begins-late'
      const numbers = kind === 'begins-late' ? { seq: upTo + 1 } : { seq: from, upTo }
      const { findings } = await verify(log)
      expect(findings).toEqual([expect.objectContaining({ kind, chain: 'ann', epoch: 2, ...numbers })])
    }),
  )
})

test('the next epoch names what is missing of the one before', async () => {
  const writer = new AuditLogWriter(key)
  await writer.append('ann', 6)
  await writer.restore('ann')
  const { log } = writer
  log.events = log.events.filter(({ epoch, seq }) => epoch === 2 || seq < 5)
  expect((await verify(log)).findings).toEqual([
    { kind: 'missing', chain: 'ann', epoch: 1, seq: 5, upTo: 6, witness: { kind: 'epoch' } },
  ])
  log.events = log.events.filter(({ epoch }) => epoch === 2)
  expect((await verify(log)).findings).toMatchObject([
    { kind: 'chain-missing', chain: 'ann', epoch: 1, upTo: 6 },
  ])
})

test('two events that changed places are named together', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.subarray([1, 2, 3, 4, 5, 6], { minLength: 2, maxLength: 2 }),
      fc.boolean(),
      async ([a = 0, b = 0], isWhole) => {
        const log = copyOf(honest)
        const [one, other] = [eventOf(log, 'ann', 1, a), eventOf(log, 'ann', 1, b)]
        ;[one.body, other.body] = [other.body, one.body]
        if (isWhole) [one.hash, other.hash] = [other.hash, one.hash]
        const { findings } = await verify(log)
        expect(findings).toEqual([
          {
            kind: 'reordered',
            chain: 'ann',
            epoch: 1,
            seq: a,
            id: idOf(one.body),
            other: { seq: b, id: idOf(other.body) },
          },
        ])
      },
    ),
  )
})

/** A made-up event at this place, with room made for it. */
function insertAt(log: StoredLog, chain: string, seq: number): ChainedEvent {
  const model = eventOf(log, chain, 1, seq)
  for (const event of log.events) if (event.chain === chain && event.seq >= seq) event.seq += 1
  const made = {
    ...model,
    seq,
    body: model.body.replace(idOf(model.body), '019b0000-0000-7000-8000-000000000001'),
  }
  log.events.push(made)
  return made
}

test('an inserted event is named, also when its own hash is computed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 4 }), fc.boolean(), async (seq, isComputed) => {
      const log = copyOf(honest)
      const old = log.events
        .filter(({ chain }) => chain === 'cat')
        .map((event) => ({ event, hash: event.hash }))
      const made = insertAt(log, 'cat', seq)
      if (isComputed) {
        await rehash(log, made)
        for (const { event, hash } of old) event.hash = hash
      }
      expect(places(await verify(log))).toEqual([named('inserted', made)])
    }),
  )
})

test('an inserted event with all hashes computed anew is named by the head', async () => {
  const log = copyOf(honest)
  const made = insertAt(log, 'cat', 2)
  await rehash(log, made)
  expect(places(await verify(log))).toEqual([named('other-hash', eventOf(log, 'cat', 1, 4))])
})

test('a copy of an event is named, by its number or by its id', async () => {
  const log = copyOf(honest)
  const copy = { ...eventOf(log, 'cat', 1, 3) }
  log.events.push(copy)
  const twice = `repeated-id cat 1/3 ${idOf(copy.body)}`
  expect(places(await verify(log))).toEqual([named('repeated-number', copy), twice, twice])

  const other = copyOf(honest)
  const again = { ...eventOf(other, 'cat', 1, 3), seq: 8 }
  other.events.push(again)
  await rehash(other, again)
  expect(places(await verify(other))).toEqual([twice, named('repeated-id', again)])
})

test.each(['ann', 'bob', 'cat'])('the missing chain of %s is named', async (chain) => {
  const log = copyOf(honest)
  log.events = log.events.filter((event) => event.chain !== chain)
  const { findings } = await verify(log)
  const isCut = chain === 'bob'
  expect(findings).toHaveLength(chain === 'ann' ? 2 : 1)
  for (const finding of findings)
    expect(finding).toMatchObject({
      kind: isCut ? 'missing' : 'chain-missing',
      chain,
      witness: { kind: 'head', n: 2 },
    })
})

const newestHead = (log: StoredLog) => {
  const { jws = '' } = log.lists.findLast(({ kind }) => kind === 'head') ?? {}
  return { jws, entries: () => readerOf(log).entries('head', 2) }
}

test('a chain that is dropped together with its entries is named by a head that was kept elsewhere', async () => {
  const log = copyOf(honest)
  log.events = log.events.filter((event) => event.chain !== 'cat')
  log.entries = log.entries.filter((entry) => entry.chain !== 'cat')
  expect((await verify(log)).findings).toEqual([{ kind: 'list-digest', list: 'head', n: 2 }])
  const { findings } = await verify(log, { head: newestHead(honest) })
  expect(findings).toContainEqual({
    kind: 'chain-missing',
    chain: 'cat',
    epoch: 1,
    seq: 1,
    upTo: 4,
    witness: { kind: 'head', n: 2 },
  })
})

test('a head that was kept elsewhere names a log that was taken back to an earlier head', async () => {
  const log = copyOf(honest)
  log.lists = log.lists.filter(({ kind, n }) => kind !== 'head' || n < 2)
  log.entries = log.entries.filter(({ kind, n }) => kind !== 'head' || n < 2)
  log.events = log.events.filter(({ chain, epoch }) => chain === 'bob' || (chain === 'ann' && epoch === 1))
  expect((await verify(log)).findings).toEqual([])
  const kinds = (await verify(log, { head: newestHead(honest) })).findings.map(({ kind }) => kind)
  expect(kinds.toSorted()).toEqual(['chain-missing', 'chain-missing', 'other-list'])
  expect((await verify(honest, { head: newestHead(honest) })).findings).toEqual([])
})

test('events that were stored under the name of another user are named', async () => {
  const log = copyOf(honest)
  for (const event of log.events) if (event.chain === 'cat') event.chain = 'dan'
  expect(places(await verify(log))).toEqual([
    'chain-missing cat 1/1',
    named('moved', eventOf(log, 'dan', 1, 1)),
  ])
})

test('an event that names another user is named', async () => {
  const log = copyOf(honest)
  const event = eventOf(log, 'cat', 1, 6)
  event.body = event.body.replace('"user":"cat"', '"user":"ann"')
  await rehash(log, event)
  expect(places(await verify(log))).toEqual([named('wrong-user', event)])
})

test('a body that is no event is named with its fields, without its values', async () => {
  const log = copyOf(honest)
  const event = eventOf(log, 'cat', 1, 6)
  event.body = event.body.replace('"finding":', '"token":"SECRET","finding":')
  await rehash(log, event)
  const { findings } = await verify(log)
  expect(findings).toMatchObject([{ kind: 'no-event', chain: 'cat', seq: 6 }])
  expect(JSON.stringify(findings)).not.toContain('SECRET')
})

test('removed events before a number without a checkpoint are named, and a wrong checkpoint is', async () => {
  const log = copyOf(honest)
  log.lists = log.lists.filter(({ kind }) => kind !== 'checkpoint')
  log.entries = log.entries.filter(({ kind }) => kind !== 'checkpoint')
  expect(places(await verify(log))).toEqual([named('begins-late', eventOf(log, 'bob', 1, 4))])

  const other = copyOf(honest)
  for (const entry of other.entries) if (entry.kind === 'checkpoint') entry.hash = '0'.repeat(64)
  expect(places(await verify(other))).toEqual([
    named('checkpoint-mismatch', eventOf(other, 'bob', 1, 4)),
    'list-digest signed checkpoint 2',
  ])
})

test('events that a checkpoint covers and retention has not deleted yet are a note', async () => {
  const writer = new AuditLogWriter(key)
  await writer.append('bob', 9)
  const all = [...writer.log.events]
  await writer.checkpoint({ chain: 'bob', epoch: 1, seq: 5 })
  writer.log.events = all.filter(({ seq }) => seq > 2)
  expect(await verify(writer.log)).toMatchObject({
    findings: [],
    notes: [{ kind: 'no-head' }, { kind: 'not-deleted', seq: 3 }],
  })
})

test('an epoch that does not name the end of the epoch before is named', async () => {
  const log = copyOf(honest)
  const event = eventOf(log, 'ann', 2, 1)
  event.body = event.body.replace('"epoch":1,"seq":6', '"epoch":1,"seq":5')
  const before = eventOf(log, 'ann', 2, 6).hash
  await rehash(log, event)
  expect(before).not.toBe(eventOf(log, 'ann', 2, 6).hash)
  expect(places(await verify(log))).toEqual([
    named('epoch-mismatch', event),
    named('other-hash', eventOf(log, 'ann', 2, 6)),
  ])
})

test.each<[string, (log: StoredLog) => void, string[]]>([
  [
    'an edited entry',
    ({ entries }) => {
      for (const entry of entries) if (entry.chain === 'cat') entry.hash = '0'.repeat(64)
    },
    ['list-digest signed head 2', 'other-hash cat 1/4'],
  ],
  [
    'another signature',
    ({ lists }) => {
      for (const list of lists)
        if (list.kind === 'head' && list.n === 2) list.jws = `${list.jws.slice(0, -20)}${'A'.repeat(18)}AA`
    },
    ['unproven-list signed head 2'],
  ],
  [
    'a list that is no JWS',
    ({ lists }) => void lists.splice(1, 1, { kind: 'head', n: 2, jws: 'x' }),
    ['unproven-list signed head 2'],
  ],
  [
    'the newest list, without its entries,',
    (log) => {
      log.lists = log.lists.filter(({ kind, n }) => kind !== 'head' || n < 2)
    },
    ['lists-missing signed head 2'],
  ],
  ['a missing list', ({ lists }) => void lists.splice(0, 1), ['lists-missing signed head 1']],
])('of the signed lists, %s is named', async (_what, change, expected) => {
  const log = copyOf(honest)
  change(log)
  const found = places(await verify(log)).map((place) => place.replace(/ [0-9a-f-]{36}$/, ''))
  expect(found.toSorted()).toEqual(expected)
})

test('a list of another key proves nothing, nor does one that replaced an earlier list', async () => {
  const report = await verify(honest, { keys: [makeAuditKey('audit-2').published] })
  expect(report.findings.map(({ kind }) => kind)).toEqual(Array(4).fill('unproven-list'))
  expect(report.head).toBeNull()
  const sameId = await verify(honest, { keys: [makeAuditKey().published] })
  expect(sameId.findings.map((one) => 'reason' in one && one.reason)).toEqual(
    Array(4).fill('wrong-signature'),
  )

  const writer = new AuditLogWriter(key)
  await writer.append('zoe', 2)
  await writer.signHead()
  const log = copyOf(honest)
  const [, ...others] = log.lists
  const [made] = writer.log.lists
  log.lists = made === undefined ? [] : [made, ...others]
  expect(places(await verify(log))).toEqual(['list-link signed head 2'])
})

const stateOf = (chain: string, epoch: number, seq: number, waiting = 0): OutboxState => ({
  chain,
  epoch,
  seq,
  waiting,
  hash:
    honest.events.find((one) => one.chain === chain && one.epoch === epoch && one.seq === seq)?.hash ?? 'ff',
})

test("users' objects name what is missing at the end, and what they never numbered", async () => {
  const own = (cat: OutboxState) => ({ states: each([stateOf('ann', 2, 6), stateOf('bob', 1, 9), cat]) })
  expect(await verify(honest, own(stateOf('cat', 1, 7, 2)))).toMatchObject({ findings: [], waiting: 2 })
  const cut = copyOf(honest)
  cut.events = cut.events.filter(({ chain, seq }) => chain !== 'cat' || seq < 6)
  expect((await verify(cut, own(stateOf('cat', 1, 7)))).findings).toEqual([
    { kind: 'missing', chain: 'cat', epoch: 1, seq: 6, upTo: 7, witness: { kind: 'object' } },
  ])
  // What D1 has and the object still believes to be waiting is no finding.
  expect((await verify(honest, own(stateOf('cat', 1, 5, 2)))).findings).toEqual([])
  expect((await verify(honest, own(stateOf('cat', 1, 5, 1)))).findings).toEqual([
    { kind: 'beyond-object', chain: 'cat', epoch: 1, seq: 7 },
  ])
})

test('a bounded number of findings is kept, and the others are counted', async () => {
  const writer = new AuditLogWriter(key)
  await writer.append('ann', 1200)
  for (const event of writer.log.events) event.hash = 'f'.repeat(64)
  const report = await verify(writer.log)
  expect(report.findings).toHaveLength(1000)
  expect(report.more).toEqual({ findings: 200, notes: 0 })
})
