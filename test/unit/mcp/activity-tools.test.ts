import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv-provider.js'
import { expect, test } from 'vitest'
import { showPage } from '#activity/shown-event.ts'
import { activityTools } from '#activity/tools.ts'
import type { AuditEvent } from '#events/event.ts'
import { AuditQuestions } from '#audit/read-questions.ts'
import { makeLists } from '#mcp/lists/listed.ts'

const tools = activityTools({
  questions: new AuditQuestions(async () => []),
  deadlineMs: 1000,
  nameOf: async (id) => id,
  access: async () => ({ state: 'ended' }),
})
const lists = makeLists({ tools, resources: [], resourceTemplates: [], prompts: [] })
const listed = [...lists.tools, ...lists.auditTools]
const inputOf = (name: string) => tools.find((tool) => tool.name === name)?.input

/** At four characters each, as for the tools of the product (test/unit/todos/tools/registry.test.ts). */
const tokensOf = (value: unknown) => Math.ceil(JSON.stringify(value).length / 4)

// Every user's models read findMyActivity in every session. docs/performance.md has the figures.
test('findMyActivity fits 400 tokens, myAccess 250, and each tool of operators 420', () => {
  const counts = Object.fromEntries(listed.map((tool) => [tool.name, tokensOf(tool)]))
  expect(Object.keys(counts)).toEqual([
    'findMyActivity',
    'myAccess',
    'findActivity',
    'getTransaction',
    'listSessions',
  ])
  expect(counts['myAccess']).toBeLessThanOrEqual(250)
  expect(counts['findMyActivity']).toBeLessThanOrEqual(400)
  for (const count of Object.values(counts)) expect(count).toBeLessThanOrEqual(420)
})

test.each(listed.map((tool) => [tool.name, tool] as const))(
  '%s: schemas compile in a client with SDK v1',
  (_name, { inputSchema, outputSchema }) => {
    const validator = new AjvJsonSchemaValidator()
    expect(validator.getValidator(inputSchema)({ surprise: 1 }).valid).toBe(false)
    expect(validator.getValidator(outputSchema)({}).valid).toBe(false)
    expect(JSON.stringify([inputSchema, outputSchema])).not.toContain('"$ref"')
  },
)

test.each([
  { client: 'two words' },
  { client: 'c'.repeat(2049) },
  { client: '' },
  { what: 'call it ' },
  { type: 'no.such.type' },
  { type: '' },
  { session: 's\n' },
  { transaction: 'tx-1' },
  { transaction: '7F9A1F2E-0000-4000-8000-000000000001' },
  { from: 'yesterday' },
  { from: '2026-11-29T10:00' },
  { to: '2026-13-40T99:00Z' },
  { limit: 0 },
  { limit: 51 },
  { after: "' OR 1=1" },
  { user: 'AdaAdaAdaAdaAdaAdaAda1' },
])('findMyActivity does not take %j, though its schema is short', (input) => {
  expect(inputOf('findMyActivity')?.safeParse(input).success).toBe(false)
})

test('tools take what their descriptions say', () => {
  for (const type of ['call', 'call.denied', 'login.completed', 'grant.opened', 'grant.ended', 'security'])
    expect(inputOf('findMyActivity')?.safeParse({ type }).success).toBe(true)
  for (const from of ['2026-11-29T10:00Z', '2026-11-29T10:00:00.123+02:00'])
    expect(inputOf('findMyActivity')?.safeParse({ from, to: from }).success).toBe(true)
  const one = {
    user: 'AdaAdaAdaAdaAdaAdaAda1',
    type: 'operator.began',
    client: 'https://c.example/client.json',
  }
  expect(inputOf('findActivity')?.safeParse(one).success).toBe(true)
  expect(inputOf('findActivity')?.safeParse({ user: 'ada' }).success).toBe(false)
})

test('an event that policy denied names its rule, and an allowed one names none', () => {
  const shared = { id: '0198a1b2-0000-7000-8000-000000000000', at: '2026-11-29T12:00:00.000Z', app: 'todos' }
  const about = { ...shared, user: 'u', grant: 'g', what: { kind: 'tool', name: 'addTodo' } } as const
  const decided = { rules: ['one'], policy: 'hash' }
  const denied: AuditEvent = {
    ...about,
    type: 'call.denied',
    reason: 'policy_denied',
    count: 1,
    lastAt: shared.at,
    decision: { effect: 'deny', ...decided },
  }
  const allowed: AuditEvent = {
    ...denied,
    reason: 'bad_input',
    decision: { effect: 'allow', ...decided },
  }
  const items = [denied, allowed].map((event) => ({
    id: event.id,
    user: 'u',
    epoch: 1,
    seq: 1,
    event,
    fault: null,
  }))
  const { events } = showPage({ items, next: null })
  expect(events[0]).toMatchObject({ reason: 'policy_denied', rule: 'one' })
  expect(events[1]).not.toHaveProperty('rule')
})
