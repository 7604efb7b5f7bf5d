import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { activityTools } from '#activity/tools.ts'
import { askD1, AuditQuestions } from '#audit/read-questions.ts'
import { makeAuditStore } from '#audit/store.ts'
import { ApiTraffic } from '#catalog/api-traffic.ts'
import { engineTools } from '#catalog/define-product.ts'
import type { CallContext } from '#catalog/tool-context.ts'
import { err } from '#lib/result.ts'
import { Secret } from '#lib/secret.ts'
import { newEvent, type Part, START_MS, TestChain } from '../audit/events.ts'
import { DECEIVING_NAME } from './story.ts'

const USERS = 30
const ROUNDS = 12
const CASES = 1000
const MINUTE_MS = 60_000

const nameOfUser = (n: number) => `user-${String(n).padStart(2, '0')}-`.padEnd(22, 'x')
const users = Array.from({ length: USERS }, (_, n) => nameOfUser(n))
// Users share clients, sessions and transactions, so that only the user tells their events apart.
const sessions = ['session-a', 'session-b', 'session-c'] as const
const clients = ['https://agent.example.com/client.json', 'registered-client'] as const
const transactions = Array.from({ length: 20 }, () => crypto.randomUUID())
const tools = ['addNote', 'listNotes', 'whoAmI'] as const

const eventsOf = new Map<string, { id: string; at: string }[]>()

function partsOf(n: number): Part[] {
  const at = (round: number, more: number) => START_MS + (round * USERS + n) * MINUTE_MS + more
  return Array.from({ length: ROUNDS }, (_, round): Part[] => {
    const client = { id: clients[round % 2], givenName: DECEIVING_NAME }
    const shared = { client, session: sessions[round % 3], transaction: transactions[(round + n) % 20] }
    return [
      { type: 'session.opened', atMs: at(round, 0), ...shared },
      {
        type: 'call',
        atMs: at(round, 1),
        ...shared,
        what: { kind: 'tool', name: tools[round % 3] },
        outcome: round % 4 === 0 ? 'failed' : 'done',
        arguments: { plain: { id: `${round}` }, personal: 'ciphertext' },
      },
      { type: 'call.denied', atMs: at(round, 2), ...shared, reason: 'scope_missing' },
    ]
  }).flat()
}

beforeAll(async () => {
  const store = makeAuditStore(env.RECORDS)
  for (const [n, user] of users.entries()) {
    const events = [{ type: 'chain.opened', atMs: START_MS - 1 } as const, ...partsOf(n)].map((part) =>
      newEvent(user, part),
    )
    const batch = await new TestChain(user).ship(events.map((event) => JSON.stringify(event)))
    const { outcome } = await store.append(batch)
    if (outcome !== 'stored') throw new Error(outcome)
    eventsOf.set(
      user,
      events.map(({ id, at }) => ({ id, at })),
    )
  }
})

const [findMyActivity, ...auditTools] = activityTools({
  questions: new AuditQuestions(askD1(env.RECORDS)),
  deadlineMs: 5000,
  nameOf: async (id) => id.split('.')[0] ?? '',
  access: async () => ({ state: 'ended' }),
})

const contextOf = (user: string): CallContext => ({
  user: `${user}.k1.mac`,
  from: { grant: 'grant', transport: 'stateless', network: 'unknown' },
  call: {
    token: new Secret('t'),
    replaceToken: async () => err('none_newer'),
    idempotencyKey: 'x',
    transaction: 'x',
  },
  me: { name: null, scopes: [], accessEndsAtSeconds: 0, downstream: null },
  signal: new AbortController().signal,
  progress: () => {},
  traffic: new ApiTraffic(),
})

const Page = z.object({
  events: z.array(z.looseObject({ id: z.string(), user: z.string() })),
  next: z.string().nullable(),
})

/** What the tool shows this user; null: the arguments do not fit. */
async function ask(user: string, args: object) {
  if (findMyActivity === undefined) throw new Error('there is no such tool')
  const input = findMyActivity.input.safeParse(args)
  if (!input.success) return null
  const answer = await findMyActivity.run(input.data, contextOf(user))
  if (!answer.ok) throw new Error(answer.error.reason)
  const { structured, text, compact } = answer.value
  return { page: Page.parse(structured), all: JSON.stringify([structured, text, compact]) }
}

test('the names of the tools are those that no product may use', () => {
  expect([findMyActivity, ...auditTools].map((tool) => tool?.name)).toEqual(engineTools)
  for (const tool of [findMyActivity, ...auditTools]) expect(tool?.effect).toBe('read')
})

test('whatever a user asks, they see only their own events', async () => {
  const allIds = [...eventsOf.values()].flat()
  const anId = fc.constantFrom(...allIds.map(({ id }) => id))
  const time = fc.constantFrom(...allIds.map(({ at }) => at))
  const given = {
    client: fc.constantFrom(...clients),
    what: fc.constantFrom(...tools),
    outcome: fc.constantFrom('done', 'failed', 'refused', 'unknown'),
    type: fc.constantFrom('call', 'call.denied', 'session.opened', 'chain.opened'),
    session: fc.constantFrom(...sessions),
    transaction: fc.constantFrom(...transactions),
    from: time,
    to: time,
    after: fc.oneof(anId, fc.uuid()),
    limit: fc.integer({ min: 1, max: 50 }),
  }
  // Few at a time: together they match nothing.
  const some = fc
    .tuple(fc.record(given), fc.shuffledSubarray(Object.keys(given), { maxLength: 3 }))
    .map(([all, names]) => Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name))))
  // What the schema does not have, or has with another form.
  const more = fc.record(
    {
      user: fc.constantFrom(...users),
      chain: fc.constantFrom(...users),
      session: fc.constantFrom(`x' OR chain = '${nameOfUser(1)}`, '%', ''),
    },
    { requiredKeys: [] },
  )
  const counts = { shown: 0, refused: 0 }
  const seen = async (user: string, args: object) => {
    const answer = await ask(user, args)
    if (answer === null) {
      counts.refused += 1
      return
    }
    counts.shown += answer.page.events.length
    const own = new Set(eventsOf.get(user)?.map(({ id }) => id))
    for (const event of answer.page.events) expect([event.user, own.has(event.id)]).toEqual([user, true])
    expect(users.filter((other) => answer.all.includes(other) && other !== user)).toEqual([])
    expect(answer.all).not.toContain('SYSTEM')
    expect(answer.all).not.toContain('ciphertext')
  }
  const wrong = fc.oneof({ weight: 8, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: more })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...users), some, wrong, (user, args, others) =>
      seen(user, { ...args, ...others }),
    ),
    { numRuns: CASES },
  )
  // The cases are worth something: many show events.
  expect(counts.shown).toBeGreaterThan(CASES)
  expect(counts.refused).toBeGreaterThan(0)
  expect(counts.refused).toBeLessThan(CASES / 2)
})

test('the pages together are every event of the user, once, the newest first', async () => {
  const [user] = users
  if (user === undefined) throw new Error('there is no user')
  const ids: string[] = []
  let after: string | undefined
  for (;;) {
    const answer = await ask(user, { limit: 7, ...(after !== undefined && { after }) })
    ids.push(...(answer?.page.events.map(({ id }) => id) ?? []))
    if (answer?.page.next === undefined || answer.page.next === null) break
    after = answer.page.next
  }
  const own = eventsOf.get(user)?.map(({ id }) => id) ?? []
  expect(ids).toEqual(own.toSorted().toReversed())
})
