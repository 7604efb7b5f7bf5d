import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { MESSAGE_BOUNDS } from '#mcp/edge/read-message.ts'
import { MCP_URL, toWorker } from './clients.ts'
import { callMessage, INITIALIZE, mcpHeaders, statelessHeaders } from '#harness/messages.ts'
import { callsOf, openSession, post, send } from './raw.ts'

const BEARER = 'bounds:g1:rw.client'
const Denial = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.unknown(),
  error: z.object({ code: z.number(), message: z.string(), data: z.undefined().optional() }),
})
const STATELESS = statelessHeaders('tools/call', 'whoAmI')

/** The denial of a malformed message is short and repeats no input. */
async function denialOf(response: Response): Promise<{ status: number; code: number; message: string }> {
  const text = await response.text()
  const { error } = Denial.parse(JSON.parse(text))
  expect(text.length).toBeLessThan(400)
  expect(text).not.toContain('padding')
  return { status: response.status, code: error.code, message: error.message }
}

const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? [value] : { a: value }
  return value
}

test('a megabyte of 90,000 members is refused before it is parsed, on both transports', async () => {
  const members = Object.fromEntries(Array.from({ length: 90_000 }, (_, at) => [`padding${at}`, 1]))
  const session = await openSession(BEARER)
  for (const headers of [{ 'mcp-session-id': session }, STATELESS, {}]) {
    for (const method of ['tools/call', 'initialize', 'ping', 'no/such']) {
      const response = await post(BEARER, { jsonrpc: '2.0', id: 1, method, params: members }, headers)
      expect(await denialOf(response)).toMatchObject({ status: 413, code: -32600 })
    }
  }
})

/** Posts an endless body. */
async function postEndless(headers: Record<string, string> = {}) {
  const sent = { pieces: 0 }
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent.pieces += 1
      controller.enqueue(new TextEncoder().encode(' '.repeat(1024)))
    },
  })
  const response = await toWorker(MCP_URL, { method: 'POST', body, headers: mcpHeaders(BEARER, headers) })
  return { response, sent }
}

test('a body that says that it is too large is not read', async () => {
  const { response, sent } = await postEndless({ 'content-length': String(10_000_000) })
  expect((await denialOf(response)).status).toBe(413)
  expect(sent.pieces).toBeLessThan(100)
})

test('an endless body is let go of at the bound', async () => {
  const { response, sent } = await postEndless()
  expect((await denialOf(response)).status).toBe(413)
  // A bounded part is dropped, so that the sender gets the answer (http/read-request.ts).
  expect(sent.pieces).toBeLessThan(1_200)
})

test.each([33, 400, 2_000, 20_000])(
  'what is nested %d levels deep is 400, on both transports',
  async (depth) => {
    const session = await openSession(BEARER)
    const deep = (method: string, name: object) =>
      `{"jsonrpc":"2.0","id":1,"method":"${method}","params":${JSON.stringify(name).slice(0, -1)},"deep":${JSON.stringify(nested(Math.min(depth, 2_000)))}}}`
    for (const headers of [{ 'mcp-session-id': session }, STATELESS]) {
      const response = await send('POST', BEARER, headers, deep('tools/call', { name: 'whoAmI' }))
      expect(await denialOf(response)).toMatchObject({ status: 400, code: -32600 })
    }
    const capabilities = { experimental: { deep: nested(Math.min(depth, 2_000)) } }
    const opened = await post(BEARER, { ...INITIALIZE, params: { ...INITIALIZE.params, capabilities } })
    expect(await denialOf(opened)).toMatchObject({ status: 400, code: -32600 })
  },
)

test('what a client may send passes: a long text, and twenty ids', async () => {
  const bearer = 'bounds_ok:g1:rw.client'
  const session = await openSession(bearer)
  const ids = Array.from({ length: 20 }, (_, at) => `${'i'.repeat(120)}${at}`)
  const answer = await post(bearer, callMessage('deleteTodo', { ids, confirm: true }), {
    'mcp-session-id': session,
  })
  expect(await answer.text()).toContain('There is no todo with this id.')
  const padded = {
    ...callMessage('whoAmI'),
    params: { name: 'whoAmI', arguments: {}, _meta: { padding: 'é'.repeat(32_600) } },
  }
  expect(new TextEncoder().encode(JSON.stringify(padded)).length).toBeGreaterThan(65_000)
  const largest = await post(bearer, padded, { 'mcp-session-id': session })
  expect(await largest.text()).toContain('Ada Lovelace')
  const capabilities = { experimental: { deep: nested(20) } }
  const opened = await post(bearer, { ...INITIALIZE, params: { ...INITIALIZE.params, capabilities } })
  expect(opened.status).toBe(200)
  await opened.text()
})

test('every message over a bound is refused with a bounded sentence, every other one is not refused for it', async () => {
  const bearer = 'bounds_any:g1:rw.client'
  const session = await openSession(bearer)
  const shape = fc.record({
    members: fc.integer({ min: 0, max: 3_000 }),
    depth: fc.integer({ min: 0, max: 300 }),
    bytes: fc.integer({ min: 0, max: 100_000 }),
    where: fc.constantFrom('arguments', '_meta', 'beside'),
    isStateless: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(shape, async ({ members, depth, bytes, where, isStateless }) => {
      const extra = {
        list: Array.from({ length: members }, () => 1),
        deep: nested(depth),
        text: '{"[,'.repeat(bytes / 4),
      }
      const params = {
        name: 'whoAmI',
        arguments: where === 'arguments' ? extra : {},
        _meta: where === '_meta' ? { padding: extra } : {},
        ...(where === 'beside' ? { padding: extra } : {}),
      }
      const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
      const response = await send(
        'POST',
        bearer,
        isStateless ? STATELESS : { 'mcp-session-id': session },
        text,
      )
      const isOver =
        text.length > MESSAGE_BOUNDS.bytes || members > MESSAGE_BOUNDS.members || depth > MESSAGE_BOUNDS.depth
      const reply = await response.text()
      expect(reply.length).toBeLessThan(2_000)
      expect(reply).not.toContain('padding')
      // Braces and commas inside a string do not count.
      const isRefused = /The message (?:is too large|has too many|is nested)/.test(reply)
      // The message's own structure can push a value near the bound over it.
      const isNear = members > MESSAGE_BOUNDS.members - 20 || depth > MESSAGE_BOUNDS.depth - 5
      expect([isRefused || isNear, response.status === 413 || response.status === 400 || !isRefused]).toEqual(
        [isOver || isNear, true],
      )
    }),
    { numRuns: 60 },
  )
})

test.each(['user-agent', 'mcp-param-city', 'mcp-name', 'traceparent', 'last-event-id'])(
  'a long %s is refused before anything is done, on both transports; other headers go no further anyway',
  async (name) => {
    const user = `bounds_${name.replaceAll('-', '_')}`
    const bearer = `${user}:g1:rw.client`
    const session = await openSession(bearer)
    const message = callMessage('addTodo', { text: 'x' })
    for (const headers of [{ 'mcp-session-id': session }, statelessHeaders('tools/call', 'addTodo')]) {
      const response = await post(bearer, message, { ...headers, [name]: 'padding'.repeat(1_200) })
      expect(await denialOf(response)).toMatchObject({ status: 431, code: -32600 })
    }
    const stream = await send('GET', bearer, { 'mcp-session-id': session, [name]: 'padding'.repeat(1_200) })
    expect(await denialOf(stream)).toMatchObject({ status: 431, code: -32600 })
    expect(await callsOf(user)).toEqual([])
    const other = await post(bearer, callMessage('whoAmI'), {
      'mcp-session-id': session,
      [name]: 'p'.repeat(name === 'mcp-param-city' ? 5_000 : 100),
      'x-other': 'padding'.repeat(5_000),
    })
    expect(await other.text()).toContain('Ada Lovelace')
  },
)

test.each([
  ['an error', { id: 'elicit_abc', error: { code: -32601, message: 'Method not found' } }],
  ['an error with an id that is a number', { id: 7, error: { code: -32601, message: 'Method not found' } }],
  ['an error with data', { id: 7, error: { code: -1, message: '', data: { a: [1] } } }],
  ['an error without an id', { error: { code: -32700, message: 'x' } }],
  ['an error whose id is null', { id: null, error: { code: -32700, message: 'x' } }],
  ['a result', { id: 'elicit_abc', result: { action: 'accept', content: { confirm: true } } }],
  ['an empty result', { id: 1, result: {} }],
])('%s to nothing that was asked, alone in a POST, is 202 and over', async (_what, answer) => {
  const bearer = 'alone:g1:rw.client'
  const session = await openSession(bearer)
  const response = await post(bearer, { jsonrpc: '2.0', ...answer }, { 'mcp-session-id': session })
  expect([response.status, await response.text()]).toEqual([202, ''])
  expect(await callsOf('alone')).toEqual([])
})

test('what is neither a request, a notification nor an answer is 400', async () => {
  const session = await openSession(BEARER)
  for (const message of [
    {},
    5,
    null,
    'x',
    { jsonrpc: '2.0' },
    { jsonrpc: '1.0', id: 1, method: 'ping' },
    { jsonrpc: '2.0', id: 1, method: 'ping', params: [] },
    { jsonrpc: '2.0', id: 1, method: 'ping', result: {} },
    { jsonrpc: '2.0', id: 1, result: {}, error: { code: 1, message: 'x' } },
    { jsonrpc: '2.0', id: 1, error: 'padding' },
    { jsonrpc: '2.0', id: 'padding'.repeat(5_000), method: 'ping', result: {} },
  ]) {
    for (const headers of [{ 'mcp-session-id': session }, { 'mcp-protocol-version': '2026-07-28' }]) {
      const denial = await denialOf(await post(BEARER, message, headers))
      expect(denial).toMatchObject({ status: 400, code: -32600 })
    }
  }
})
