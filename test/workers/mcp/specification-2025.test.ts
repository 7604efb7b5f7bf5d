import { expect, test } from 'vitest'
import { callMessage, INITIALIZE, messageIn } from '#harness/messages.ts'
import { callsOf, openSession, post, send } from './raw.ts'

// Requirements of MCP 2025-11-25 for every server. Earlier revisions have the same ones.
const BEARER = 'older:g1:rw.client'
const NEWEST = '2025-11-25'
const sessionHeaders = (session: string, version?: string) => ({
  'mcp-session-id': session,
  ...(version === undefined ? {} : { 'mcp-protocol-version': version }),
})

test.each([
  ['2025-11-25', '2025-11-25'],
  ['2025-06-18', '2025-06-18'],
  ['2025-03-26', '2025-03-26'],
  ['2024-11-05', '2024-11-05'],
  ['2026-07-28', NEWEST],
  ['2099-01-01', NEWEST],
  ['x', NEWEST],
])('a client that begins with %s goes on with %s', async (protocolVersion, agreed) => {
  const params = { ...INITIALIZE.params, protocolVersion }
  const response = await post(BEARER, { ...INITIALIZE, params })
  expect(response.status).toBe(200)
  expect(messageIn(await response.text())).toMatchObject({ id: 0, result: { protocolVersion: agreed } })
})

test('session ids are visible ASCII, and no two are alike', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, () => openSession(BEARER)))
  expect(new Set(ids).size).toBe(20)
  // 32 bytes from the platform, then a MAC over them, the user and the client.
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{64}\.[\w-]{43}$/)
})

test.each([undefined, '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'])(
  'in a session the header may name %s',
  async (version) => {
    const session = await openSession(BEARER)
    const response = await post(BEARER, callMessage('whoAmI'), sessionHeaders(session, version))
    expect([response.status, response.headers.get('x-accel-buffering')]).toEqual([200, 'no'])
    expect(messageIn(await response.text())).toMatchObject({ id: 1, result: { content: [{}, {}] } })
  },
)

test.each(['POST', 'GET', 'DELETE'])('%s under a revision that does not exist is 400', async (method) => {
  const session = await openSession(BEARER)
  const body = method === 'POST' ? JSON.stringify(callMessage('whoAmI')) : undefined
  for (const version of ['2099-01-01', 'x', '2026-07-28']) {
    const denial = await send(method, BEARER, sessionHeaders(session, version), body)
    expect([version, denial.status]).toEqual([version, 400])
    await denial.text()
  }
  // The session is still there.
  const response = await post(BEARER, callMessage('whoAmI'), sessionHeaders(session))
  expect(await response.text()).toContain('Ada Lovelace')
})

test.each([
  ['a notification', { method: 'notifications/initialized' }],
  ['a notification of another kind', { method: 'notifications/unheard-of' }],
  ['an answer to nothing', { id: 77, result: {} }],
  ['a call without an id', { ...callMessage('addTodo', { text: 'x' }), id: undefined }],
])('%s is 202 without a body, and nothing is done for it', async (_what, message) => {
  const bearer = 'notes:g1:rw.client'
  const session = await openSession(bearer)
  const response = await post(bearer, { jsonrpc: '2.0', ...message }, sessionHeaders(session))
  expect([response.status, await response.text()]).toEqual([202, ''])
  expect(await callsOf('notes')).toEqual([])
})

test('an error has the id of its request and is JSON, wherever it is found', async () => {
  const session = await openSession(BEARER)
  const unknown = await post(BEARER, { jsonrpc: '2.0', id: 'a', method: 'no/such' }, sessionHeaders(session))
  expect(messageIn(await unknown.text())).toMatchObject({ id: 'a', error: { code: -32601 } })
  for (const [denial, status, code, id] of [
    [await post(BEARER, callMessage('whoAmI')), 400, -32000, 1],
    [await post(BEARER, callMessage('whoAmI'), sessionHeaders('made-up')), 404, -32001, 1],
    [await post(BEARER, { ...INITIALIZE, id: 'again' }, sessionHeaders(session)), 400, -32600, 'again'],
  ] as const) {
    expect([denial.status, denial.headers.get('content-type')]).toEqual([status, 'application/json'])
    expect(await denial.json()).toMatchObject({ jsonrpc: '2.0', id, error: { code } })
  }
})

test.each([undefined, '0', '_GET_stream_1'])(
  'GET is a stream of events, and what was answered elsewhere is not on it nor sent again after %s',
  async (lastEvent) => {
    const session = await openSession(BEARER)
    const since = lastEvent === undefined ? {} : { 'last-event-id': lastEvent }
    const stream = await send('GET', BEARER, {
      ...sessionHeaders(session),
      accept: 'text/event-stream',
      ...since,
    })
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    const reader = stream.body?.getReader()
    const call = await post(BEARER, callMessage('whoAmI'), sessionHeaders(session))
    expect(await call.text()).toContain('Ada Lovelace')
    const silence = scheduler.wait(300).then(() => 'silence')
    expect(await Promise.race([silence, reader?.read()])).toBe('silence')
    await reader?.cancel()
  },
)

test('a session that its client ended is 404 in every method', async () => {
  const session = await openSession(BEARER)
  const ended = await send('DELETE', BEARER, sessionHeaders(session))
  expect([ended.status, await ended.text()]).toEqual([204, ''])
  for (const method of ['POST', 'GET', 'DELETE']) {
    const body = method === 'POST' ? JSON.stringify(callMessage('whoAmI')) : undefined
    const answer = await send(method, BEARER, sessionHeaders(session), body)
    expect([method, answer.status]).toEqual([method, 404])
    await answer.text()
  }
})
