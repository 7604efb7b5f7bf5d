import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { messagesIn, META, rpcRequest } from '#harness/messages.ts'
import { Client } from '../faults/client.ts'
import { groups } from '../pingone.ts'
import { refresh } from '../activity/story.ts'
import { callerOf, callTool, post, type Revision } from './door.ts'
import { beginPolicies, endPolicies, putInForce, switchOff } from './policy.ts'

// The tool myAccess against what lists show and calls do, with the real Control, on both transports.
const REVISIONS = ['2026-07-28', '2025-11-25'] as const satisfies readonly Revision[]

beforeEach(beginPolicies)
afterEach(async () => {
  groups.clear()
  await endPolicies()
})

const Access = z.object({
  tokenEndsAt: z.iso.datetime(),
  grantEndsAt: z.iso.datetime(),
  items: z.array(z.looseObject({ name: z.string(), now: z.string(), kind: z.string() })),
})
const Answer = z.object({
  result: z.object({
    content: z.array(z.object({ text: z.string() })),
    structuredContent: Access,
  }),
})

async function myAccess(client: Client, revision: Revision, name?: string) {
  const args = name === undefined ? {} : { name }
  const { text } = await callTool(await callerOf(client, revision), { name: 'myAccess', args })
  const { content, structuredContent } = Answer.parse(messagesIn(text)[0]).result
  return { ...structuredContent, text: content.map((block) => block.text).join('\n'), raw: text }
}

const about = async (client: Client, revision: Revision, name: string) =>
  (await myAccess(client, revision)).items.find((one) => one.name === name)

const tool = (id: string, name: unknown, more: object = {}) => ({
  id,
  what: { kind: 'tool', name },
  effect: 'deny',
  ...more,
})

test.for(REVISIONS)(
  '%s: with nothing denied, all that exists is usable, and operators’ tools do not exist',
  async (revision) => {
    const client = await Client.register()
    await client.signIn()
    const { items, text, grantEndsAt, tokenEndsAt } = await myAccess(client, revision)
    expect(items.map(({ name }) => name)).toEqual([
      'whoAmI',
      'listTodos',
      'addTodo',
      'updateTodo',
      'deleteTodo',
      'findMyActivity',
      'myAccess',
      'planMyDay',
      'reviewOpen',
      'todo://list',
      'todo://items/{id}',
    ])
    expect(items.filter(({ now }) => now !== 'yes')).toEqual([])
    expect(text).toContain('Now usable: 11, not: 0, depends: 0.')
    expect(Date.parse(grantEndsAt)).toBeGreaterThan(Date.parse(tokenEndsAt))
  },
)

test.for(REVISIONS)('%s: a denial is told before it happens, in the words of its rule', async (revision) => {
  const client = await (await Client.register()).signIn()
  const minute = Math.ceil(Date.now() / 60_000 + 5) * 60_000
  const opensAt = new Date(minute).toISOString()
  await putInForce([
    tool('later', 'updateTodo', { if: `now < timestamp('${opensAt}')`, says: 'Updates open later.' }),
    tool('never', 'deleteTodo', { says: 'Nobody deletes here.' }),
    tool('short', 'addTodo', { if: 'args.text.size() > 9' }),
    tool('fresh', 'listTodos', { if: 'user.acr != "strong"' }),
  ])
  const { items, text } = await myAccess(client, revision)
  const of = (wanted: string) => items.find(({ name }) => name === wanted)
  expect(of('updateTodo')).toEqual({
    name: 'updateTodo',
    now: 'no',
    kind: 'tool',
    reason: 'policy_denied',
    rule: 'later',
    operatorSays: 'Updates open later.',
    opensAt,
    way: 'wait',
  })
  expect(of('deleteTodo')).toMatchObject({ now: 'no', rule: 'never', way: 'operator' })
  expect(of('addTodo')).toEqual({ name: 'addTodo', now: 'depends', kind: 'tool' })
  expect(of('listTodos')).toMatchObject({ now: 'no', rule: 'fresh', way: 'sign-in' })
  expect(text.split('\n')[0]).not.toContain('Nobody deletes here.')
})

test.for(REVISIONS)(
  '%s: what is hidden is not there, and asking for it is asking for nothing',
  async (revision) => {
    const client = await (await Client.register()).signIn()
    await putInForce([
      tool('hidden', 'deleteTodo', { effect: 'hide' }),
      { id: 'no-list', what: { kind: 'resource', name: 'todo://list' }, effect: 'hide' },
      { id: 'no-five', what: { kind: 'resource', name: 'todo://items/5' }, effect: 'hide' },
    ])
    const all = await myAccess(client, revision)
    expect(all.items.map(({ name }) => name)).not.toContain('deleteTodo')
    expect(all.items.map(({ name }) => name)).not.toContain('todo://list')
    const strip = (raw: string) => raw.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'id')
    const unknown = await myAccess(client, revision, 'dropTodo')
    expect(unknown.items).toEqual([])
    for (const name of ['deleteTodo', 'todo://list', 'todo://items/5', 'todo://items/%35', 'findActivity'])
      expect([name, strip((await myAccess(client, revision, name)).raw)]).toEqual([name, strip(unknown.raw)])
    expect((await myAccess(client, revision, 'todo://items/6')).items).toMatchObject([
      { name: 'todo://items/6', now: 'yes' },
    ])
    expect((await myAccess(client, revision, 'todo://items/{id}')).items).toMatchObject([{ now: 'depends' }])
  },
)

test.for(REVISIONS)('%s: what an operator switched off says until when', async (revision) => {
  const client = await (await Client.register()).signIn()
  const untilMs = Date.now() + 3_600_000
  const on = await switchOff({ kind: 'tool', value: 'addTodo' }, { untilMs })
  expect(await about(client, revision, 'addTodo')).toMatchObject({
    now: 'no',
    reason: 'switched_off',
    operatorSays: 'It is being “repaired”.',
    opensAt: new Date(untilMs).toISOString(),
    way: 'wait',
  })
  await on()
  expect(await about(client, revision, 'addTodo')).toMatchObject({ now: 'yes' })
})

test.for(REVISIONS)('%s: a missing scope is named, and a call brings the link', async (revision) => {
  const client = await (await Client.register()).signIn()
  await refresh(client, 'todo:read')
  expect(await about(client, revision, 'addTodo')).toEqual({
    name: 'addTodo',
    now: 'no',
    kind: 'tool',
    missing: ['todo:write'],
    way: 'call',
  })
  expect(await about(client, revision, 'listTodos')).toMatchObject({ now: 'yes' })
  // Policy comes first: no step-up helps against it.
  await putInForce([tool('never', 'addTodo')])
  expect(await about(client, revision, 'addTodo')).toMatchObject({ missing: ['todo:write'], way: 'operator' })
})

test.for(REVISIONS)(
  '%s: what only a later time allows says when, though a call finds nothing now',
  async (revision) => {
    const client = await (await Client.register()).signIn()
    const opensAt = new Date(Math.ceil(Date.now() / 60_000 + 5) * 60_000).toISOString()
    const rules = [
      tool('now', 'myAccess', { effect: 'allow' }),
      tool('later', 'whoAmI', { effect: 'allow', if: `now >= timestamp('${opensAt}')` }),
    ]
    await putInForce(rules, { default: 'hide' })
    const { items } = await myAccess(client, revision)
    expect(items).toEqual([
      { name: 'whoAmI', now: 'no', kind: 'tool', reason: 'policy_hidden', opensAt, way: 'wait' },
      { name: 'myAccess', now: 'yes', kind: 'tool' },
    ])
  },
)

test.for(REVISIONS)('%s: a hidden myAccess is an unknown tool', async (revision) => {
  const client = await (await Client.register()).signIn()
  await putInForce([tool('none', 'myAccess', { app: 'server', effect: 'hide' })])
  const { text } = await callTool(await callerOf(client, revision), { name: 'myAccess' })
  expect(text).toContain('Unknown tool')
})

/** Whether policy denies a call without arguments, as a list and the call itself show. */
async function seen(client: Client, revision: Revision, name: string) {
  const caller = await callerOf(client, revision)
  const meta = revision === '2026-07-28' ? { _meta: META } : {}
  const list = (await post({ ...caller, revision }, rpcRequest('tools/list', meta))).text
  const { text } = await callTool(caller, { name, args: name === 'deleteTodo' ? { id: 'x' } : {} })
  return {
    isListed: list.includes(`"${name}"`),
    isDenied: text.includes('"isError":true') && /"reason":"(policy_|switched)/.test(text),
  }
}

const DOCUMENTS: readonly (readonly [string, object[], object])[] = [
  ['rules without conditions', [tool('a', { glob: '*Todo' })], {}],
  ['a default that denies', [tool('a', ['whoAmI', 'myAccess'], { effect: 'allow' })], { default: 'deny' }],
  ['a default that hides', [tool('a', ['listTodos', 'myAccess'], { effect: 'allow' })], { default: 'hide' }],
  [
    'time and sign-in',
    [
      tool('a', 'listTodos', { if: 'request.authAgeSeconds < 100000' }),
      tool('b', 'whoAmI', { if: 'user.acr == "x"' }),
    ],
    {},
  ],
]

test.for(DOCUMENTS)(
  '%s: myAccess says no exactly where a list leaves out or a call is denied',
  async ([, rules, more]) => {
    const client = await (await Client.register()).signIn()
    await putInForce(rules, more)
    const { items } = await myAccess(client, '2026-07-28')
    for (const name of ['whoAmI', 'listTodos', 'deleteTodo', 'findMyActivity', 'myAccess']) {
      const { isListed, isDenied } = await seen(client, '2025-11-25', name)
      const now = items.find((one) => one.name === name)?.now ?? 'no'
      expect([name, now]).toEqual([name, !isListed || isDenied ? 'no' : 'yes'])
    }
  },
)
