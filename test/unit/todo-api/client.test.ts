import { afterEach, expect, test, vi } from 'vitest'
import type { Fetch } from '../../../src/lib/bounded-fetch.ts'
import { err, ok } from '../../../src/lib/result.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { makeTodoClient } from '../../../src/todo-api/client.ts'

const TRANSACTION = '0f8fad5b-d9cb-469f-a165-70867728950e'
const todo = { id: 'a-1', text: 'Buy milk', completed: false }
const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
afterEach(() => warn.mockClear())

function clientOver(fetch: Fetch, base = 'https://api.example.test/v1') {
  const api = { fetch, baseUrl: new URL(base), deadlineMs: 50, now: () => 0 }
  return makeTodoClient(api, {
    token: new Secret('tok-en'),
    idempotencyKey: 'key-1',
    transaction: TRANSACTION,
  })
}

/** An API that answers well and remembers what it was asked. */
function recording(base?: string) {
  const seen: Request[] = []
  const client = clientOver(async (input, init) => {
    seen.push(new Request(input, init))
    return Response.json({ todos: [todo] })
  }, base)
  return { seen, client }
}

test('each act is one request of the contract', async () => {
  const { seen, client } = recording()
  expect(await client.list()).toEqual(ok([todo]))
  await client.add('Buy milk')
  await client.update('a-1', true)
  await client.remove('a-1')
  const asked = await Promise.all(
    seen.map(async (request) => [request.method, request.url, await request.text()]),
  )
  expect(asked).toEqual([
    ['GET', 'https://api.example.test/v1/api/todos', ''],
    ['POST', 'https://api.example.test/v1/api/todos', '{"todoText":"Buy milk"}'],
    ['PATCH', 'https://api.example.test/v1/api/todos/a-1', '{"completed":true}'],
    ['DELETE', 'https://api.example.test/v1/api/todos/a-1', ''],
  ])
})

test('each request carries the token, the ids that join the logs, and follows no redirect', async () => {
  const { seen, client } = recording('https://api.example.test')
  await client.list()
  await client.add('x')
  const [read, write] = seen
  expect(read?.headers.get('authorization')).toBe('Bearer tok-en')
  expect(read?.headers.get('x-ping-external-transaction-id')).toBe(TRANSACTION)
  expect(read?.headers.get('traceparent')).toMatch(/^00-0f8fad5bd9cb469fa16570867728950e-[0-9a-f]{16}-01$/)
  expect(read?.headers.get('idempotency-key')).toBeNull()
  expect(write?.headers.get('idempotency-key')).toBe('key-1')
  expect(seen.map(({ redirect }) => redirect)).toEqual(['manual', 'manual'])
})

test('an id cannot leave its place in the path', async () => {
  const { seen, client } = recording()
  await client.remove('../admin?x#y')
  expect(seen[0]?.url).toBe('https://api.example.test/v1/api/todos/..%2Fadmin%3Fx%23y')
})

const silent: Fetch = (input, init) => {
  const { signal } = new Request(input, init)
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}
const endless: Fetch = async () =>
  new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(100_000)) }))
const unreachable: Fetch = async () => {
  throw new TypeError('connection refused')
}

test.each([
  ['does not answer', silent, 'unavailable'],
  ['cannot be reached', unreachable, 'unavailable'],
  ['answers without an end', endless, 'too_large'],
] as const)('an API that %s: a read changes nothing, a write is unknown', async (_what, fetch, reason) => {
  expect(await clientOver(fetch).list()).toEqual(err({ reason }))
  expect(await clientOver(fetch).add('x')).toEqual(err({ reason: 'unknown_outcome' }))
})

test('what the API says goes to the log: short, and without the token', async () => {
  const words = `no, Bearer tok-en, tok-en, eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.sig ${'x'.repeat(1000)}`
  const client = clientOver(async () => new Response(words, { status: 403 }))
  expect(await client.list()).toEqual(err({ reason: 'forbidden' }))
  const [line] = warn.mock.calls.flat()
  expect(line).toContain('no, Bearer [secret], [secret], [secret] x')
  expect(String(line).length).toBeLessThan(600)
  expect(line).not.toContain('tok-en')
})
