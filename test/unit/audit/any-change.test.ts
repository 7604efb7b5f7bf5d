import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Finding } from '#audit/findings.ts'
import { verifyLog } from '#audit/verify.ts'
import type { ChainedEvent } from '#events/chain.ts'
import {
  AuditLogWriter,
  copyOf,
  makeAuditKey,
  readerOf,
  rehash,
  type StoredLog,
} from '../../support/audit-log.ts'

const key = makeAuditKey()

/** What happens to a log before anyone changes it: each step names a user. */
const steps = fc.array(
  fc.record({
    user: fc.constantFrom('ann', 'bob', 'cat', 'dan'),
    act: fc.constantFrom('append', 'append', 'append', 'restore', 'head', 'checkpoint'),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  { minLength: 3, maxLength: 10 },
)
type Step =
  typeof steps extends fc.Arbitrary<infer S> ? (S extends readonly (infer One)[] ? One : never) : never

/** An honest log whose last act is a signed head, so that the head covers everything. */
async function writeLog(all: readonly Step[]): Promise<StoredLog> {
  const writer = new AuditLogWriter(key)
  await writer.append('zoe', 3)
  for (const { user, act, count } of all) {
    const own = writer.log.events.filter(({ chain }) => chain === user)
    const [first] = own
    if (act === 'append') await writer.append(user, count)
    else if (act === 'restore' && first !== undefined) await writer.restore(user)
    else if (act === 'head') await writer.signHead()
    // Retention removes what a head covers.
    else if (act === 'checkpoint' && first !== undefined) {
      await writer.signHead()
      await writer.checkpoint(first)
    }
  }
  await writer.signHead()
  return writer.log
}

const withOtherText = (body: string): string => body.replace('"app":"todos"', '"app":"other"')

/** Every change takes the log and one of its events. `anew`: with all later hashes of the epoch computed anew. */
const CHANGES = {
  'change a body': (log, event) => {
    event.body = withOtherText(event.body)
    return log
  },
  'change a hash': (log, event) => {
    event.hash = event.hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
    return log
  },
  'remove an event': (log, event) => ({ ...log, events: log.events.filter((one) => one !== event) }),
  'remove an event and close the gap': (log, event) => {
    const events = log.events.filter((one) => one !== event)
    for (const one of ofEpoch(events, event)) if (one.seq > event.seq) one.seq -= 1
    return { ...log, events }
  },
  'insert an event': (log, event) => {
    const made = { ...event, body: withOtherText(event.body) }
    for (const one of ofEpoch(log.events, event)) if (one.seq >= event.seq) one.seq += 1
    return { ...log, events: [...log.events, made] }
  },
  'copy an event': (log, event) => ({ ...log, events: [...log.events, { ...event }] }),
  'exchange two bodies': (log, event) => {
    const other = ofEpoch(log.events, event).find((one) => one !== event)
    if (other === undefined) return withOtherBody(log, event)
    ;[event.body, other.body] = [other.body, event.body]
    return log
  },
  'exchange two events': (log, event) => {
    const other = ofEpoch(log.events, event).find((one) => one !== event)
    if (other === undefined) return withOtherBody(log, event)
    ;[event.seq, other.seq] = [other.seq, event.seq]
    return log
  },
  'drop the end': (log, event) => {
    const end = ofEpoch(log.events, event).filter(({ seq }) => seq >= event.seq)
    return { ...log, events: log.events.filter((one) => !end.includes(one)) }
  },
  'drop the epoch': (log, event) => {
    const epoch = ofEpoch(log.events, event)
    return { ...log, events: log.events.filter((one) => !epoch.includes(one)) }
  },
  'rename the user of an event': (log, event) => {
    event.body = event.body.replace(/"user":"\w+"/, '"user":"eve"')
    return log
  },
  'rename the epoch': (log, event) => {
    for (const one of ofEpoch(log.events, event)) one.chain = 'eve'
    return log
  },
} satisfies Record<string, (log: StoredLog, event: ChainedEvent) => StoredLog>

const ofEpoch = (events: readonly ChainedEvent[], { chain, epoch }: ChainedEvent): readonly ChainedEvent[] =>
  events.filter((one) => one.chain === chain && one.epoch === epoch)

function withOtherBody(log: StoredLog, event: ChainedEvent): StoredLog {
  event.body = withOtherText(event.body)
  return log
}

const isAbout = (finding: Finding, chain: string): boolean =>
  'chain' in finding && (finding.chain === chain || finding.chain === 'eve')

test('a log that nobody changed has no finding, whatever happened', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { findings } = await verifyLog(readerOf(await writeLog(all)), { keys: [key.published] })
      expect(findings).toEqual([])
    }),
    { numRuns: 60 },
  )
})

const changeNames = Object.keys(CHANGES).filter((name): name is keyof typeof CHANGES => name in CHANGES)

test.each(changeNames)(
  '%s: any such change up to the head is found, in its chain and in no other',
  async (name) => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(), fc.boolean(), async (all, choice, isAnew) => {
        const honest = copyOf(await writeLog(all))
        const event = honest.events[choice % honest.events.length]
        if (event === undefined) return
        const { chain, epoch } = event
        const before = JSON.stringify(honest.events)
        const log = CHANGES[name](honest, event)
        if (isAnew) await rehash(log, { chain, epoch, seq: 1 })
        // A changed hash that is computed anew is the old one.
        if (JSON.stringify(log.events) === before) return
        const { findings } = await verifyLog(readerOf(log), { keys: [key.published] })
        expect(findings.length).toBeGreaterThan(0)
        expect(findings.filter((finding) => !isAbout(finding, chain))).toEqual([])
      }),
      { numRuns: 60 },
    )
  },
)
