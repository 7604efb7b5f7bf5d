import { expect, test } from 'vitest'
import { callMessage, INITIALIZE, messagesIn } from '#harness/messages.ts'
import { askStateless, openSession, post, send } from './raw.ts'

// Deviations of real clients from the specification (docs/connect.md#what-is-taken-and-what-is-not).
const BEARER = 'tolerant:g1:rw.client'
const lastOf = (text: string): unknown => messagesIn(text).at(-1)

test.each([
  ['made up', async () => 'made-up'],
  ['of another user', () => openSession('stranger:g1:rw.client')],
  [
    'that has ended',
    async () => {
      const session = await openSession(BEARER)
      await send('DELETE', BEARER, { 'mcp-session-id': session })
      return session
    },
  ],
])('initialize that carries a session id %s begins a new session', async (_what, idOf) => {
  const dead = await idOf()
  const opened = await post(BEARER, INITIALIZE, { 'mcp-session-id': dead })
  const session = opened.headers.get('mcp-session-id') ?? ''
  expect(opened.status).toBe(200)
  expect(lastOf(await opened.text())).toMatchObject({ id: 0, result: { protocolVersion: '2025-11-25' } })
  expect(session).not.toBe(dead)
  const call = await post(BEARER, callMessage('whoAmI'), { 'mcp-session-id': session })
  expect(lastOf(await call.text())).toMatchObject({ id: 1, result: { structuredContent: {} } })
})

test('initialize in a session that is open is refused, and the session goes on', async () => {
  const session = await openSession(BEARER)
  const repeated = await post(BEARER, INITIALIZE, { 'mcp-session-id': session })
  expect(repeated.status).toBe(400)
  expect(await repeated.json()).toMatchObject({
    id: 0,
    error: { message: expect.stringMatching(/^This session is open\. To begin another one/) },
  })
  const call = await post(BEARER, callMessage('whoAmI'), { 'mcp-session-id': session })
  expect(call.status).toBe(200)
  await call.text()
})

test.each(['2025-11-25', '2026-07-28', null])(
  'GET without a session says which transport is spoken here, under revision %s',
  async (revision) => {
    const headers: Record<string, string> = revision === null ? {} : { 'mcp-protocol-version': revision }
    const answer = await send('GET', BEARER, headers)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      error: {
        message: expect.stringMatching(
          /^This (?:server speaks the Streamable HTTP transport|revision of the protocol)/,
        ),
      },
    })
  },
)

test('null for arguments is none, on both transports; what is no object is refused', async () => {
  const session = await openSession(BEARER)
  const inSession = async (method: string, params: object) =>
    lastOf(
      await (
        await post(BEARER, { jsonrpc: '2.0', id: 1, method, params }, { 'mcp-session-id': session })
      ).text(),
    )
  const named = (name: string) => ({ headers: { 'mcp-name': name } })
  const who = { name: 'whoAmI', arguments: null }
  expect(await inSession('tools/call', who)).toMatchObject({ result: { structuredContent: {} } })
  expect((await askStateless(BEARER, 'tools/call', who, named('whoAmI'))).body).toMatchObject({
    result: { structuredContent: {} },
  })
  const review = { name: 'reviewOpen', arguments: null }
  expect(await inSession('prompts/get', review)).toMatchObject({ result: { messages: expect.any(Array) } })
  expect((await askStateless(BEARER, 'prompts/get', review, named('reviewOpen'))).body).toMatchObject({
    result: { messages: expect.any(Array) },
  })
  // A required argument is still missing.
  expect(await inSession('tools/call', { name: 'addTodo', arguments: null })).toMatchObject({
    result: { isError: true },
  })
  for (const input of [[], 'x', 5, false])
    expect(await inSession('tools/call', { name: 'whoAmI', arguments: input })).toMatchObject({
      error: { code: -32602 },
    })
})

test('null for what may be left out is none', async () => {
  const session = await openSession(BEARER)
  const inSession = async (message: object) =>
    lastOf(
      await (await post(BEARER, { jsonrpc: '2.0', id: 1, ...message }, { 'mcp-session-id': session })).text(),
    )
  const lists = { result: { tools: expect.any(Array) } }
  for (const params of [null, { _meta: null }, { _meta: { progressToken: null } }])
    expect(await inSession({ method: 'tools/list', params })).toMatchObject(lists)
  const who = { name: 'whoAmI', arguments: {}, task: null, _meta: { progressToken: null } }
  expect(await inSession({ method: 'tools/call', params: who })).toMatchObject({
    result: { structuredContent: {} },
  })
  const complete = {
    ref: { type: 'ref/resource', uri: 'todo://items/{id}' },
    argument: { name: 'id', value: '' },
    context: null,
  }
  expect(await inSession({ method: 'completion/complete', params: complete })).toMatchObject({
    result: { completion: {} },
  })
  const initialized = { jsonrpc: '2.0', method: 'notifications/initialized', params: null }
  expect((await post(BEARER, initialized, { 'mcp-session-id': session })).status).toBe(202)
  // Required parameters are still missing.
  expect(await inSession({ method: 'tools/call', params: null })).toMatchObject({ error: { code: -32602 } })
  expect(await inSession({ method: 'resources/read', params: { uri: null } })).toMatchObject({
    error: { code: -32602 },
  })
})

test.each([
  '',
  '*/*',
  'Application/JSON, TEXT/event-stream',
  'application/*;q=0.5, text/*',
  'text/event-stream,application/json;v=1',
])('an Accept header with the meaning that MCP requires is taken on both transports: %j', async (accept) => {
  const session = await openSession(BEARER)
  const answer = await post(BEARER, callMessage('whoAmI'), { 'mcp-session-id': session, accept })
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Ada Lovelace')])
  const { status, body } = await askStateless(
    BEARER,
    'tools/call',
    { name: 'whoAmI', arguments: {} },
    { headers: { 'mcp-name': 'whoAmI', accept } },
  )
  expect([status, body]).toEqual([200, expect.objectContaining({ result: expect.anything() })])
})

test('what the Accept header must name is said for both methods', async () => {
  const session = await openSession(BEARER)
  const input = { 'mcp-session-id': session, accept: 'application/json' }
  for (const answer of [await post(BEARER, callMessage('whoAmI'), input), await send('GET', BEARER, input)])
    expect([answer.status, await answer.text()]).toEqual([
      406,
      expect.stringContaining('must name text/event-stream and, for a POST, application/json.'),
    ])
})

test.each([
  { jsonrpc: '2.0', id: 5, result: { _meta: 5 } },
  { jsonrpc: '2.0', method: 'notifications/initialized', params: { _meta: { progressToken: {} } } },
  { jsonrpc: '2.0', id: 6, method: 'no/such', params: { _meta: 5 } },
])('what is refused as JSON says that it is JSON: %j', async (message) => {
  const session = await openSession(BEARER)
  const answer = await post(BEARER, message, { 'mcp-session-id': session })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/json'])
  expect(await answer.json()).toMatchObject({ jsonrpc: '2.0', error: { message: expect.any(String) } })
})

test.each(['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'])(
  'an empty cursor of %s is none, on both transports; any other leads nowhere',
  async (method) => {
    const session = await openSession(BEARER)
    const inSession = async (params: object) =>
      lastOf(
        await (
          await post(BEARER, { jsonrpc: '2.0', id: 1, method, params }, { 'mcp-session-id': session })
        ).text(),
      )
    expect(await inSession({ cursor: '' })).toMatchObject({ id: 1, result: {} })
    expect((await askStateless(BEARER, method, { cursor: '' })).body).toMatchObject({ result: {} })
    expect(await inSession({ cursor: 'x' })).toMatchObject({ error: { code: -32602 } })
    expect((await askStateless(BEARER, method, { cursor: 'x' })).body).toMatchObject({
      error: { code: -32602 },
    })
  },
)
