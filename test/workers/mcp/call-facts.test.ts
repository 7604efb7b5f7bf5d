import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { callMessage, META, rpcRequest, statelessHeaders } from '#harness/messages.ts'
import { CallFacts, EndFacts } from '#events/call-facts.ts'
import { sha256Hex } from '#lib/hash.ts'
import { z } from 'zod'
import { clientKinds, connect } from './clients.ts'
import { addTodos, callsOf, openSession, post, type Transport, TRANSPORTS } from './raw.ts'

// What the user's object is given for the audit log.

const Row = z.object({
  tool: z.string(),
  step: z.string(),
  outcome: z.string().nullable(),
  facts: CallFacts,
  end: EndFacts.optional(),
})
const rowsOf = async (user: string) => (await callsOf(user)).map((row) => Row.parse(row))
const rowsOfTool = async (user: string, tool: string) =>
  (await rowsOf(user)).filter((row) => row.tool === tool)

const BROWSED = { 'user-agent': 'claude-code/2.1.5', 'cf-connecting-ip': '203.0.113.9' }
const FROM = { network: '203.0.113.0/24', agent: 'claude' }
const KEY = 'pingone-davinci-mcp-server/idempotency-key'

interface Sent {
  bytes: number
  /** A short hash of the session; undefined on the stateless transport. */
  session: string | undefined
}

/** Sends one request, and returns what its facts must say. */
async function ask(
  transport: Transport,
  bearer: string,
  { method, params, name }: { method: string; params: object; name?: string },
): Promise<Sent> {
  const { _meta, ...rest } = z.looseObject({ _meta: z.looseObject({}).default({}) }).parse(params)
  const isSession = transport === 'session'
  const message = rpcRequest(method, { ...rest, _meta: isSession ? _meta : { ...META, ..._meta } })
  const session = isSession ? await openSession(bearer) : null
  const headers = session === null ? statelessHeaders(method, name) : { 'mcp-session-id': session }
  await (await post(bearer, message, { ...BROWSED, ...headers })).text()
  return {
    bytes: new TextEncoder().encode(JSON.stringify(message)).byteLength,
    session: session === null ? undefined : (await sha256Hex(session.split('.')[0] ?? '')).slice(0, 16),
  }
}

const call = (transport: Transport, bearer: string, name: string, args: object, meta: object = {}) =>
  ask(transport, bearer, {
    method: 'tools/call',
    name,
    params: { ...callMessage(name, args).params, _meta: meta },
  })

test.each(TRANSPORTS)('%s: a tool is begun and ended with its facts', async (transport) => {
  const user = `facts_${transport}`
  const sent = await call(
    transport,
    `${user}:g_${user}:rw.client`,
    'addTodo',
    { text: 'Grüße' },
    {
      progressToken: 'p-1',
    },
  )
  const [row, ...others] = await rowsOf(user)
  expect(others).toEqual([])
  expect(row?.facts).toEqual({
    kind: 'tool',
    ...FROM,
    bytesIn: sent.bytes,
    ...(sent.session === undefined ? {} : { session: sent.session }),
    progressToken: 'p-1',
    scopes: ['todo:read', 'todo:write'],
    arguments: { personal: { text: 'Grüße' } },
  })
  expect(row?.end).toEqual({
    ms: expect.any(Number),
    api: {
      requests: 2,
      status: 200,
      ms: expect.any(Number),
      bytesSent: new TextEncoder().encode('{"todoText":"Grüße"}').byteLength,
      bytesReceived: expect.any(Number),
    },
  })
  expect(row?.end?.api?.bytesReceived).toBeGreaterThan('{"todos":[]}'.length * 2)
})

const reads = [
  [
    'resources/read',
    { uri: 'todo://items/7' },
    'todo://items/7',
    { tool: 'resource/todoItem', kind: 'resource', arguments: { plain: { id: '7' } } },
  ],
  [
    'resources/read',
    { uri: 'todo://list' },
    'todo://list',
    { tool: 'resource/todoList', kind: 'resource', arguments: {} },
  ],
  [
    'prompts/get',
    { name: 'planMyDay', arguments: { hours: '3' } },
    'planMyDay',
    { tool: 'prompt/planMyDay', kind: 'prompt', arguments: { plain: { hours: '3' } } },
  ],
  [
    'completion/complete',
    { ref: { type: 'ref/resource', uri: 'todo://items/{id}' }, argument: { name: 'id', value: 'a-user' } },
    undefined,
    {
      tool: 'completion/todoItem.id',
      kind: 'completion',
      arguments: { personal: { typed: 'a-user' } },
    },
  ],
] as const

test.each(TRANSPORTS.flatMap((transport) => reads.map((read) => [transport, ...read] as const)))(
  '%s: %s of %j has its facts',
  async (transport, method, params, name, { tool, ...facts }) => {
    const user = `reads_${transport}_${tool.replaceAll(/\W/g, '_')}`
    const bearer = `${user}:g_${user}:r.client`
    const sent = await ask(transport, bearer, { method, params, ...(name === undefined ? {} : { name }) })
    const [row] = await rowsOfTool(user, tool)
    expect(row?.facts).toEqual({
      ...facts,
      ...FROM,
      bytesIn: sent.bytes,
      ...(sent.session === undefined ? {} : { session: sent.session }),
      scopes: ['todo:read'],
    })
    expect(row?.end).toMatchObject({ api: { requests: 1, status: 200 } })
  },
)

test.each(clientKinds)('%s: what follows a question has the same facts, and who agreed', async (kind) => {
  const user = `asked_${kind.replace('-', '_')}`
  const bearer = `${user}:g_${user}:rw.client`
  const [id = ''] = await addTodos(bearer, ['x'])
  const { client } = await connect(kind, bearer, async () => ({
    action: 'accept' as const,
    content: { confirm: true },
  }))
  await client.callTool({ name: 'deleteTodo', arguments: { id } })
  const rows = await rowsOfTool(user, 'deleteTodo')
  const [described, acted] = [
    rows.find(({ step }) => step === 'describe'),
    rows.find(({ step }) => step === 'act'),
  ]
  expect(rows).toHaveLength(2)
  expect(described?.facts.arguments).toEqual({ plain: { id } })
  expect(acted?.facts.arguments).toEqual({ plain: { id } })
  // On the session transport both calls belong to one message.
  const same = ({ network, agent, session }: CallFacts) => ({ network, agent, session })
  expect(acted && same(acted.facts)).toEqual(described && same(described.facts))
  expect(described?.end?.confirmedBy).toBeUndefined()
  expect(acted?.end).toMatchObject({ confirmedBy: 'user', api: { requests: 2 } })
})

test.each(TRANSPORTS)('%s: the word of a model is on record as its own', async (transport) => {
  const user = `model_${transport}`
  const bearer = `${user}:g_${user}:rw.client`
  const [id = ''] = await addTodos(bearer, ['x'])
  await call(transport, bearer, 'deleteTodo', { id })
  await call(transport, bearer, 'deleteTodo', { id, confirm: true })
  const acted = (await rowsOfTool(user, 'deleteTodo')).filter(({ step }) => step === 'act')
  expect(acted).toMatchObject([
    {
      outcome: 'done',
      facts: { arguments: { plain: { id, confirm: true } } },
      end: { confirmedBy: 'model' },
    },
  ])
})

test.each([
  // A strict API may have refused the query, so the client asks again without.
  ['refuse', { reason: 'invalid', api: { requests: 3, status: 422 } }, 'refused'],
  ['fail', { reason: 'unknown_outcome', api: { requests: 2, status: 500 } }, 'unknown'],
])('a tool that the API answers with "%s" ends with its reason', async (text, end, outcome) => {
  const user = `ends_${text}`
  await call('stateless', `${user}:g_${user}:rw.client`, 'addTodo', { text })
  expect(await rowsOf(user)).toMatchObject([{ outcome, end }])
})

const refusedOf = (user: string) =>
  runInDurableObject(env.USER.getByName(user), (_object, state) =>
    [...state.storage.kv.list({ prefix: 'denied-' })].map(([, refused]) =>
      z.object({ tool: z.string(), reason: z.string(), facts: CallFacts }).parse(refused),
    ),
  )

test.each(
  TRANSPORTS.flatMap((transport) => [
    [transport, 'bad_input', { text: 7, theirs: 'x' }, {}, {}] as const,
    [transport, 'bad_key', { text: 'x' }, { [KEY]: 'no key' }, { personal: { text: 'x' } }] as const,
  ]),
)('%s: a call that the edge refuses as %s reaches the object as refused', async (...given) => {
  const [transport, reason, args, meta, kept] = given
  const user = `refused_${transport}_${reason}`
  await call(transport, `${user}:g_${user}:rw.client`, 'addTodo', args, meta)
  expect(await refusedOf(user)).toEqual([
    {
      tool: 'addTodo',
      reason,
      facts: expect.objectContaining({ kind: 'tool', ...FROM, arguments: kept }),
    },
  ])
  expect(await rowsOf(user)).toEqual([])
})

test('a call whose headers the SDK alone can read has its facts too', async () => {
  const bearer = 'late:g_late:rw.client'
  const message = callMessage('addTodo', { text: 'x' })
  const params = { ...message.params, _meta: { ...META, progressToken: 3 } }
  const headers = statelessHeaders('tools/call', `=?base64?${btoa('addTodo')}?=`)
  await (await post(bearer, { ...message, params }, { ...BROWSED, ...headers })).text()
  expect(await rowsOf('late')).toMatchObject([
    { outcome: 'done', facts: { ...FROM, progressToken: 3, arguments: { personal: { text: 'x' } } } },
  ])
})

test('a session is opened with its short hash, network and agent', async () => {
  const session = await openSession('opened:g_opened:r.client')
  const name = session.split('.')[0] ?? ''
  const origin = await runInDurableObject(env.USER.getByName('opened'), (_object, state) =>
    state.storage.kv.get(`origin-${name}`),
  )
  const hash = (await sha256Hex(name)).slice(0, 16)
  expect(origin).toEqual({ session: hash, network: 'unknown', agent: 'other' })
})
