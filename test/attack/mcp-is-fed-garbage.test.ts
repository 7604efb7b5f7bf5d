import { beforeAll, expect, test } from 'vitest'
import { streamOf5Mb, sendOversized } from '../support/flood.ts'
import { rpcRequest } from '#harness/messages.ts'
import { TRANSPORTS, openTransport, type Transport } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
const transports = new Map<(typeof TRANSPORTS)[number], Transport>()
const transport = (name: (typeof TRANSPORTS)[number]): Transport => {
  const found = transports.get(name)
  if (found === undefined) throw new Error('no transport')
  return found
}

beforeAll(async () => {
  for (const name of TRANSPORTS) transports.set(name, await openTransport(story, name))
})

const call = (params: object) => rpcRequest('tools/call', params)

test.for(TRANSPORTS)(
  '%s: what is no request of JSON-RPC is refused, and nothing is executed',
  async (name) => {
    const { send, todos } = transport(name)
    const add = call({ name: 'addTodo', arguments: { text: 'smuggled' } })
    const bodies = [
      '',
      ' ',
      '{',
      'null',
      '42',
      '"tools/call"',
      '[]',
      '\ufeff',
      '\u0000',
      JSON.stringify([add]),
      JSON.stringify([add, add]),
      `${JSON.stringify(add)}${JSON.stringify(add)}`,
      JSON.stringify({ ...add, jsonrpc: '1.0' }),
      JSON.stringify({ ...add, jsonrpc: undefined }),
      JSON.stringify({ ...add, method: 42 }),
      JSON.stringify({ ...add, method: ['tools/call'] }),
      JSON.stringify({ ...add, id: { toString: 'x' } }),
      JSON.stringify({ ...add, id: ['x'] }),
      JSON.stringify({ ...add, params: 'addTodo' }),
      JSON.stringify({ ...add, params: [add.params] }),
      JSON.stringify({ ...add, method: 'tools/Call' }),
      JSON.stringify({ ...add, method: '__proto__' }),
      JSON.stringify({ jsonrpc: '2.0', id: 1, result: {} }),
      `${'['.repeat(300_000)}${']'.repeat(300_000)}`,
      // Below the 64 KiB of a message, so that it is parsed.
      `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`,
    ]
    for (const body of bodies) {
      const { status, text } = await send(body)
      expect([body.slice(0, 60), status < 500]).toEqual([body.slice(0, 60), true])
      expect([body.slice(0, 60), text]).toEqual([
        body.slice(0, 60),
        expect.not.stringContaining('structuredContent'),
      ])
      expect(text).not.toMatch(/at \w+ \(|\.ts:\d+|node_modules/)
    }
    expect(await todos()).toEqual([])
  },
)

test.for(TRANSPORTS)('%s: wrong content type and accept are refused before anything runs', async (name) => {
  const { send, message, todos } = transport(name)
  const body = JSON.stringify(message('addTodo', { text: 'smuggled' }))
  for (const [header, value, status] of [
    ['content-type', 'text/plain', 415],
    ['content-type', 'application/x-www-form-urlencoded', 415],
    ['content-type', 'application/json-evil', 415],
    ['content-type', 'text/plain; x=application/json', 415],
    // A stateless answer is JSON for any Accept header; the session transport requires one.
    ...(name === 'session' ? ([['accept', 'text/html', 406]] as const) : []),
  ] as const) {
    const answer = await send(body, { 'mcp-name': 'addTodo', [header]: value })
    expect([header, value, answer.status]).toEqual([header, value, status])
  }
  expect(await todos()).toEqual([])
})

test.for(TRANSPORTS)('%s: 5 MB are refused, with and without a length', async (name) => {
  const { headers, todos } = transport(name)
  for (const body of [JSON.stringify(call({ padding: 'x'.repeat(5_000_000) })), streamOf5Mb()]) {
    expect([413, 'closed']).toContain(await sendOversized(story.mcpUrl, { headers, body }))
  }
  // With more than a mebibyte unread the connection is closed, and the proxy of wrangler dev may also lose the next answer.
  await expect.poll(todos).toEqual([])
})

test.for(TRANSPORTS)(
  '%s: each method without a bearer is 401, and one that does not exist is 405',
  async (name) => {
    const { headers } = transport(name)
    const { authorization: _taken, ...strange } = headers
    for (const method of ['GET', 'POST', 'DELETE']) {
      const { status } = await fetch(story.mcpUrl, { method, headers: strange })
      expect([method, status]).toEqual([method, 401])
    }
    for (const method of ['PUT', 'PATCH', 'HEAD']) {
      const { status } = await fetch(story.mcpUrl, { method, headers })
      expect([method, status]).toEqual([method, 405])
    }
  },
)

test('GET and DELETE without a session, and with one that is made up or ended, open nothing', async () => {
  const { headers, message, send, todos } = transport('session')
  const { 'mcp-session-id': own = '', ...without } = headers
  const ended = await openTransport(story, 'session')
  const endedId = ended.headers['mcp-session-id'] ?? ''
  expect((await fetch(story.mcpUrl, { method: 'DELETE', headers: ended.headers })).status).toBeLessThan(300)
  const ids = [
    'x',
    '',
    `${own}x`,
    `${own}, ${own}`,
    `${'0'.repeat(64)}.${'A'.repeat(43)}`,
    '../../x',
    'x'.repeat(7_000),
  ]
  for (const method of ['GET', 'DELETE', 'POST']) {
    const tried = [
      ...ids.map((id) => ({ id, bearer: without })),
      { id: endedId, bearer: ended.headers },
      { id: endedId, bearer: without },
    ]
    for (const { id, bearer } of tried) {
      const answer = await fetch(story.mcpUrl, {
        method,
        headers: { ...bearer, 'mcp-session-id': id },
        ...(method === 'POST' ? { body: JSON.stringify(message('addTodo', { text: 'smuggled' })) } : {}),
      })
      await answer.body?.cancel()
      expect([method, id.slice(0, 20), answer.status]).toEqual([
        method,
        id.slice(0, 20),
        expect.toBeOneOf([400, 404]),
      ])
    }
    const bare = await fetch(story.mcpUrl, {
      method,
      headers: without,
      ...(method === 'POST' ? { body: JSON.stringify(message('addTodo', { text: 'smuggled' })) } : {}),
    })
    await bare.body?.cancel()
    expect([method, bare.status]).toEqual([method, 400])
  }
  // The real one still works.
  expect((await send(JSON.stringify(message('whoAmI')))).status).toBe(200)
  expect(await todos()).toEqual([])
})
