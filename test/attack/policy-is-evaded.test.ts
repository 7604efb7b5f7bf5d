import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { KEY_NAME } from '#harness/product.ts'
import { Operator } from '#harness/operator.ts'
import { storyContext } from '#harness/story.ts'
import { openTransport, type Transport, TRANSPORTS } from '#harness/transport.ts'
import { edsger } from '#harness/users.ts'
import { startWorld, type World } from '#harness/world.ts'
import { PolicyChange, PolicyState } from '#operate/policy-schema.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ settings: { POLICY_CHANGES: 'one-editor' } })
})
afterAll(() => world.stop())
const here = () => storyContext(world.addresses)

const document = (rules: readonly object[]) =>
  JSON.stringify({ version: 1, default: 'allow', rules: rules.map((rule) => ({ says: 'No.', ...rule })) })

/** Puts rules in force. An isolate knows them a few seconds later. */
async function enforce(...rules: object[]): Promise<void> {
  const editor = await Operator.signIn(world.addresses.origin, edsger)
  const { inForce: base } = PolicyState.parse((await editor.get('/policy')).body)
  const change = { act: randomUUID(), document: document(rules), base, reason: 'x' }
  const { outcome } = PolicyChange.parse((await editor.post('/policy/apply', change)).body)
  expect(['in-force', 'unchanged']).toContain(outcome)
}

const named = (of: (typeof TRANSPORTS)[number], method: string, name: string) =>
  of === 'session' ? {} : { 'mcp-method': method, 'mcp-name': name }

/** A tool call whose arguments are written as given. */
function callRaw(on: Transport, of: (typeof TRANSPORTS)[number], name: string, input: string) {
  const body = JSON.stringify(on.message(name, 'INPUT')).replace('"INPUT"', () => input)
  // A header is visible ASCII: a client that cannot write the name there is refused for that.
  const header = /^[\x21-\x7e]+$/.test(name) ? name : 'deleteTodo'
  return on.send(body, named(of, 'tools/call', header))
}

const NAMES = [
  'DeleteTodo',
  'deletetodo',
  ' deleteTodo',
  'deleteTodo ',
  'deleteTodo\u0000',
  'delete\u200bTodo',
  'deleteTodo\u2060',
  'd\u0435leteTodo',
  'ｄeleteTodo',
  'delete%54odo',
  'todos/deleteTodo',
]

/** Each asks for eleven, or is no list at all. */
const ELEVENS = ['11', '11.0', '1.1e1', '110e-1', '"11"', '[11]', '11.5', '1e2', '100']

test.for(TRANSPORTS)('T51 %s: no spelling of a name or an argument gets around a rule', async (of) => {
  const on = await openTransport(here(), of)
  await on.call('addTodo', { text: 'bread' })
  const limit = 'has(args.limit) && args.limit > 10'
  await enforce(
    { id: 'no-delete', what: { kind: 'tool', name: 'deleteTodo' }, effect: 'deny' },
    { id: 'few', what: { kind: 'tool', name: 'listTodos' }, if: limit, effect: 'deny' },
  )
  await expect.poll(async () => (await callRaw(on, of, 'listTodos', '{"limit":11}')).text).toContain('few')
  for (const eleven of ELEVENS) {
    const { text } = await callRaw(on, of, 'listTodos', `{"limit":${eleven}}`)
    expect(text).not.toContain('"structuredContent"')
  }
  // The last of two members counts, for the rule as for the tool. A limit that is null does not fit the schema.
  expect((await callRaw(on, of, 'listTodos', '{"limit":1,"limit":11}')).text).not.toContain('"todos"')
  expect((await callRaw(on, of, 'listTodos', '{"limit":null}')).text).not.toContain('"todos"')
  expect((await callRaw(on, of, 'listTodos', '{"Limit":11,"limit":1}')).text).not.toContain('"total":11')
  expect((await callRaw(on, of, 'listTodos', '{"limit":10}')).text).toContain('"structuredContent"')
  for (const name of ['deleteTodo', ...NAMES]) {
    const { text } = await callRaw(on, of, name, '{"id":"bread"}')
    expect(text).not.toContain('"structuredContent"')
  }
  expect(await on.todos()).toEqual(['bread'])
})

test.for(TRANSPORTS)('T51 %s: no spelling of a resource gets around a rule', async (of) => {
  const on = await openTransport(here(), of)
  const added = await on.call('addTodo', { text: 'secret' })
  const id = /"id":"([^"]+)"/.exec(added.text)?.[1] ?? ''
  const read = async (uri: string) => {
    const message = JSON.stringify({ ...Object(on.message('x')), method: 'resources/read' })
    const { params, ...rest } = JSON.parse(message)
    const body = { ...rest, params: { uri, _meta: params._meta } }
    const header = /^[\x21-\x7e]+$/.test(uri) ? uri : 'todo://items/x'
    return (await on.send(JSON.stringify(body), named(of, 'resources/read', header))).text
  }
  await enforce()
  await expect.poll(() => read(`todo://items/${id}`)).toContain('secret')
  await enforce({ id: 'one', what: { kind: 'resource', name: `todo://items/${id}` }, effect: 'hide' })
  await expect.poll(() => read(`todo://items/${id}`)).not.toContain('secret')
  const first = `%${id.charCodeAt(0).toString(16)}`
  const spellings = [
    first + id.slice(1),
    first.toUpperCase() + id.slice(1),
    `%25${first.slice(1)}${id.slice(1)}`,
    id.toUpperCase(),
    `./${id}`,
    `x/../${id}`,
    `/${id}`,
    `${id}/`,
    `${id}?`,
    `${id}#`,
    `${id}%00`,
    `${id}%20`,
    `${id}\u200b`,
  ].map((spelling) => `todo://items/${spelling}`)
  for (const uri of [...spellings, `TODO://items/${id}`, `todo://ITEMS/${id}`, `todo:items/${id}`])
    expect(await read(uri)).not.toContain('secret')
})

test.for(TRANSPORTS)(
  'T52 %s: a hidden tool answers as an unknown one, whatever comes with the call',
  async (of) => {
    const on = await openTransport(here(), of)
    const [hidden, unknown] = ['deleteTodo', 'removeTodo']
    await enforce({ id: 'hidden', what: { kind: 'tool', name: hidden }, effect: 'hide' })
    const probe = async (
      name: string,
      input: object,
      meta: Readonly<Record<string, unknown>>,
      by: Transport = on,
    ) => {
      const body = JSON.stringify(by.message(name, input, meta)).replace(/"id":\d+/, '"id":1')
      const { status, text } = await by.send(body, named(of, 'tools/call', name))
      return { status, text: text.replaceAll(name, 'NAME') }
    }
    // Another user waits for the rule: what somebody did before it stays in their activity.
    const other = await openTransport(here(), of)
    await expect.poll(async () => (await probe(hidden, {}, {}, other)).text).toContain('Unknown tool')
    const probes: [object, Readonly<Record<string, unknown>>][] = [
      [{}, {}],
      [{ id: 'x' }, {}],
      [{ ids: 7 }, {}],
      [{ id: 'x', confirm: true }, {}],
      [{ id: 'x' }, { [KEY_NAME]: randomUUID() }],
      [{ id: 'x' }, { [KEY_NAME]: 'not a key \u0000' }],
      [{ id: 'x' }, { progressToken: 'p' }],
      [{ id: 'x'.repeat(200_000) }, {}],
    ]
    for (const [input, meta] of probes)
      expect(await probe(hidden, input, meta)).toEqual(await probe(unknown, input, meta))
    // What the user's own activity shows is shipped in order.
    await on.call('listTodos', {})
    const activity = async (input: object) => (await on.call('findMyActivity', input)).text
    await expect.poll(() => activity({ what: 'listTodos' })).toContain('"listTodos"')
    expect(await activity({})).not.toContain(hidden)
    const events = async (what: string) =>
      (await activity({ what, type: 'call.denied' })).replace(/"transaction":"[^"]*"/, '')
    const plain = (text: string) =>
      text
        .replace(/"id":\d+/, '')
        .replaceAll(hidden, '')
        .replaceAll(unknown, '')
    expect(plain(await events(hidden))).toBe(plain(await events(unknown)))
  },
)

test('T57 more groups than this server reads never make a user one without groups', async () => {
  const story = here()
  const user = story.newUser()
  const many = Array.from({ length: 500 }, (_, at) => `group-${at}`)
  await story.emulator.setGroups(user.username, [...many, 'guests'])
  await enforce({ id: 'no-guests', what: { kind: 'tool' }, who: [{ group: 'guests' }], effect: 'deny' })
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client, { user })
  const statusOf = async () => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }
    return (await client.mcp(message, { authorization: `Bearer ${tokens.access_token}` })).status
  }
  await expect.poll(statusOf).toBe(503)
})
