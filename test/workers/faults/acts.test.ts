import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { AuditEvent } from '#events/event.ts'
import { type ActTarget, type Affected, ExportPage } from '#operate/api-schema.ts'
import { verifyWholeLog } from '../audit-log.ts'
import type { Answer } from '../wire.ts'
import { unwatchDeadlines, watchDeadlines } from './deadlines.ts'
import { alarms, breakDown, type Fault, heal, messagesTo } from './faults.ts'
import { endsOf, type KnownUser, knownUser, OPERATED, Operator, progressOf, wordOf } from './operator.ts'
import { checkLog } from './shipping.ts'
import { startIsolate } from './world.ts'

// What the operator API answers while D1 or an object is away (invariants 10 and 13): not a denial, never internals, and the
// same request again finishes the act.

beforeAll(() => {
  watchDeadlines()
  alarms.areHeld = true
})
beforeEach(() => startIsolate(OPERATED))
afterEach(heal)
afterAll(() => {
  alarms.areHeld = false
  unwatchDeadlines()
  startIsolate()
})

const FAULTS = ['500', 'timeout', 'reset', 'slow', '429'] as const satisfies readonly Fault[]
const TARGETS = ['d1', 'user'] as const

interface Story {
  operator: Operator
  user: KnownUser
  client: string
}

async function newStory(): Promise<Story> {
  const client = `client-${crypto.randomUUID()}`
  return { operator: await Operator.signIn(), client, user: await knownUser(client) }
}

interface Row {
  target: (story: Story) => ActTarget
  affected: Affected
  ends: (string | null)[]
  /** What must be true before the act has an effect. */
  before?: (story: Story) => Promise<unknown>
}

const one = { users: 1, grants: 1 }
const rows: Record<string, Row> = {
  'end-grant': {
    target: ({ user }) => ({ operation: 'end-grant', user: user.name, grant: user.grant }),
    affected: one,
    ends: ['ended_by_operator'],
  },
  'end-user': {
    target: ({ user }) => ({ operation: 'end-user', user: user.name }),
    affected: one,
    ends: ['ended_by_operator'],
  },
  'block-user': {
    target: ({ user }) => ({ operation: 'block-user', user: user.name }),
    affected: one,
    ends: ['blocked'],
  },
  'unblock-user': {
    target: ({ user }) => ({ operation: 'unblock-user', user: user.name }),
    affected: { users: 1, grants: 0 },
    ends: ['blocked'],
    before: ({ operator, user }) => operator.finish({ operation: 'block-user', user: user.name }),
  },
  'erase-user': {
    target: ({ user }) => ({ operation: 'erase-user', user: user.name }),
    affected: one,
    ends: ['ended_by_operator'],
  },
  'end-client': {
    target: ({ client }) => ({ operation: 'end-client', client }),
    affected: one,
    ends: ['ended_by_operator'],
  },
  'block-client': {
    target: ({ client }) => ({ operation: 'block-client', client }),
    affected: one,
    ends: ['ended_by_operator'],
  },
  'unblock-client': {
    target: ({ client }) => ({ operation: 'unblock-client', client }),
    affected: { users: 0, grants: 0 },
    ends: [null],
  },
}

/** The act under a fault that begins after some messages, and the same act again without it. Returns the first answer. */
async function actUnder(row: Row, place: (typeof TARGETS)[number], fault: Fault, after: number) {
  const story = await newStory()
  await row.before?.(story)
  const { operator } = story
  const act = crypto.randomUUID()
  breakDown(place, fault, { after })
  const word = wordOf(await operator.act(row.target(story), act))
  const isMet = messagesTo(place) > after
  heal()
  const again = progressOf(await operator.act(row.target(story), act))
  expect(again).toMatchObject({ act, affected: row.affected, next: null })
  expect(await endsOf(story.user)).toEqual(row.ends)
  const record = await operator.recordOf(act)
  await checkLog(story.user.user)
  return { word, isMet, record }
}

/** `failed` as often as it was begun anew, and in the end `done`. */
const isWellRecorded = (record: readonly string[]): boolean =>
  /^(?:began (?:failed )?)*(?:began )?done(?: began done)?$/.test(record.join(' '))

test.for(Object.entries(rows).flatMap(([name, row]) => TARGETS.map((place) => [name, place, row] as const)))(
  '%s while %s fails from any of its messages on: it is not complete, and the same request finishes it',
  async ([, place, row]) => {
    let after = 0
    for (let isMet = true; isMet; after += 1) {
      const done = await actUnder(row, place, '500', after)
      isMet = done.isMet
      expect([after, done.word]).toEqual([after, isMet ? 'later' : 'done'])
      expect([after, done.record, isWellRecorded(done.record)]).toEqual([after, done.record, true])
    }
    expect(after).toBeGreaterThan(1)
  },
)

test.for(['end-user', 'end-client'].flatMap((name) => TARGETS.map((place) => [name, place] as const)))(
  '%s while %s is silent, overloaded, slow or loses answers',
  async ([name, place]) => {
    const row = rows[name]
    if (row === undefined) throw new Error(`no row ${name}`)
    for (const fault of FAULTS)
      for (const after of [0, 3]) {
        const { word, isMet, record } = await actUnder(row, place, fault, after)
        const passes = fault === 'reset' || fault === 'slow' || !isMet
        expect([fault, after, word]).toEqual([fault, after, passes ? 'done' : 'later'])
        expect([fault, after, record, isWellRecorded(record)]).toEqual([fault, after, record, true])
      }
  },
)

test.for(Object.entries(rows).filter(([name]) => name !== 'unblock-client'))(
  '%s whose target does not answer has failed on record, and is done on record later',
  async ([, row]) => {
    for (const fault of ['500', 'timeout', '429'] as const) {
      const story = await newStory()
      await row.before?.(story)
      const { operator } = story
      const act = crypto.randomUUID()
      breakDown('user', fault, { isMeant: (message) => message.startsWith('applyAct') })
      for (let tries = 0; tries < 2; tries += 1)
        expect(wordOf(await operator.act(row.target(story), act))).toBe('later')
      heal()
      expect(await operator.recordOf(act)).toEqual(['began', 'failed', 'began', 'failed'])
      expect(await operator.finish(row.target(story), act)).toMatchObject({ affected: row.affected })
      expect((await operator.recordOf(act)).slice(4)).toEqual(['began', 'done'])
      expect(await endsOf(story.user)).toEqual(row.ends)
    }
  },
)

test.for(['/me', '/users', '/users/:id', '/clients?user=:id', '/cutoffs', '/sessions', '/events'])(
  'GET %s while D1 or the object fails is 503, and works afterwards',
  async (path) => {
    const { operator, user } = await newStory()
    const full = path.replace(':id', user.name)
    for (const place of TARGETS)
      for (const fault of FAULTS) {
        breakDown(place, fault)
        const word = wordOf(await operator.get(full))
        const isMet = messagesTo(place) > 0
        heal()
        const passes = fault === 'reset' || fault === 'slow' || !isMet
        expect([place, fault, word]).toEqual([place, fault, passes ? 'done' : 'later'])
        expect(wordOf(await operator.get(full))).toBe('done')
      }
  },
)

/** The pages of an export after its first. */
async function readOn(operator: Operator, first: Answer): Promise<void> {
  let { next } = ExportPage.parse(JSON.parse(first.text))
  while (next !== null)
    next = ExportPage.parse(JSON.parse((await operator.post('/export/pages', { next })).text)).next
}

test.for(TARGETS)(
  'opening protected fields and the export while %s fails from any message on',
  async (place) => {
    const { operator, user } = await newStory()
    const { act: earlier } = await operator.finish({ operation: 'end-user', user: user.name })
    const began = (await checkLog(operator.user)).find(
      (event) => event.type === 'operator.began' && event.act === earlier,
    )
    const event = AuditEvent.parse(began).id
    for (const [path, more] of [
      ['/reveal', { event }],
      ['/export', {}],
    ] as const) {
      let after = 0
      for (let isMet = true; isMet; after += 1) {
        const act = crypto.randomUUID()
        const body = { act, reason: 'ticket 42', ...more }
        breakDown(place, '500', { after })
        const word = wordOf(await operator.post(path, body))
        isMet = messagesTo(place) > after
        heal()
        expect([path, after, word]).toEqual([path, after, isMet ? 'later' : 'done'])
        const again = await operator.post(path, body)
        expect([path, after, wordOf(again)]).toEqual([path, after, 'done'])
        if (path === '/export') await readOn(operator, again)
        expect([path, after, (await operator.recordOf(act)).at(-1)]).toEqual([path, after, 'done'])
      }
      expect(after).toBeGreaterThan(1)
    }
    const again = await operator.post('/reveal', { act: crypto.randomUUID(), reason: 'ticket 42', event })
    expect(JSON.parse(again.text)).toMatchObject({ what: 'reason', fields: { reason: 'ticket 42' } })
  },
)

test('an export whose page cannot be read has failed on record, and is done on record later', async () => {
  const { operator } = await newStory()
  const act = crypto.randomUUID()
  breakDown('d1', '500')
  expect(wordOf(await operator.post('/export', { act, reason: 'ticket 42' }))).toBe('later')
  heal()
  expect(await operator.recordOf(act)).toEqual(['began', 'failed'])
  await readOn(operator, await operator.post('/export', { act, reason: 'ticket 42' }))
  expect(await operator.recordOf(act)).toEqual(['began', 'failed', 'began', 'done'])
})

test('the log of all of them verifies', async () => {
  expect(await verifyWholeLog()).toBeGreaterThan(0)
})
