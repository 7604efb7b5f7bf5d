import { afterEach, expect, test, vi } from 'vitest'
import type { Fetch } from '#lib/bounded-fetch.ts'
import { err, ok } from '#lib/result.ts'
import { Secret } from '#lib/secret.ts'
import type { ApiCall } from '#catalog/tool-context.ts'
import { makeTodoClient } from '#todos/api/client.ts'

const LIST = ok({ todos: [{ id: 'a-1', text: 'Buy milk', completed: false }], part: null })
const TRANSACTION = '0f8fad5b-d9cb-469f-a165-70867728950e'
const todo = { id: 'a-1', text: 'Buy milk', completed: false }
const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
const loud = vi.spyOn(console, 'error').mockImplementation(() => {})
afterEach(() => {
  warn.mockClear()
  loud.mockClear()
})

type Replace = ApiCall['replaceToken']
const noOther: Replace = async () => err('none_newer')

/** A silent API always runs into the deadline, so it is short there. Other APIs never reach theirs. */
const deadlineFor = (fetch: Fetch): number => (fetch === silent ? 250 : 10_000)

function clientOver(fetch: Fetch, base = 'https://api.example.test/v1', replaceToken = noOther) {
  const api = { fetch, baseUrl: new URL(base), deadlineMs: deadlineFor(fetch), now: () => 0 }
  return makeTodoClient(api, {
    token: new Secret('tok-en'),
    replaceToken,
    idempotencyKey: 'key-1',
    transaction: TRANSACTION,
  })
}

/** An API that always succeeds and records its requests. */
function recording(base?: string) {
  const requests: Request[] = []
  const client = clientOver(async (input, init) => {
    requests.push(new Request(input, init))
    return Response.json({ todos: [todo] })
  }, base)
  return { requests, client }
}

test('each act is one request of the contract', async () => {
  const { requests, client } = recording()
  expect(await client.list()).toEqual(LIST)
  await client.add('Buy milk')
  await client.update('a-1', true)
  await client.remove('a-1')
  const sent = await Promise.all(
    requests.map(async (request) => [request.method, request.url, await request.text()]),
  )
  expect(sent).toEqual([
    ['GET', 'https://api.example.test/v1/api/todos', ''],
    ['POST', 'https://api.example.test/v1/api/todos?only=changed', '{"todoText":"Buy milk"}'],
    ['PATCH', 'https://api.example.test/v1/api/todos/a-1?only=changed', '{"completed":true}'],
    ['DELETE', 'https://api.example.test/v1/api/todos/a-1?only=changed', ''],
  ])
})

test('each request carries the token, the ids that join the logs, and follows no redirect', async () => {
  const { requests, client } = recording('https://api.example.test')
  await client.list()
  await client.add('x')
  const [read, write] = requests
  expect(read?.headers.get('authorization')).toBe('Bearer tok-en')
  expect(read?.headers.get('x-ping-external-transaction-id')).toBe(TRANSACTION)
  expect(read?.headers.get('traceparent')).toMatch(/^00-0f8fad5bd9cb469fa16570867728950e-[0-9a-f]{16}-01$/)
  expect(read?.headers.get('idempotency-key')).toBeNull()
  expect(write?.headers.get('idempotency-key')).toBe('key-1')
  expect(requests.map(({ redirect }) => redirect)).toEqual(['manual', 'manual'])
})

test.each(['..', '.', '../admin?x#y', 'a/b', 'a%2fb', '', ' ', 'x'.repeat(129)])(
  'what is no id is no todo, and is not sent: %j',
  async (id) => {
    const { requests, client } = recording()
    expect(await client.remove(id)).toEqual(err({ reason: 'gone' }))
    expect(await client.update(id, true)).toEqual(err({ reason: 'gone' }))
    expect(requests).toEqual([])
  },
)

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

test('the log has the kind of an answer and its code, and nothing that it says', async () => {
  const problem = { title: 'Canary', detail: 'Ada Lovelace', code: 'insufficient_scope', token: 'tok-en' }
  const headers = { 'content-type': 'application/problem+json; canary=1' }
  const answer = () => Response.json(problem, { status: 403, headers })
  expect(await clientOver(async () => answer()).list()).toEqual(err({ reason: 'forbidden' }))
  const facts = { status: 403, type: 'application/problem+json', code: 'insufficient_scope' }
  const line: unknown = JSON.parse(String(warn.mock.calls[0]))
  expect(line).toMatchObject({ ...facts, event: 'todo-api.refused', transaction: TRANSACTION })
  expect(JSON.stringify(line)).not.toMatch(/canary|ada|tok-en/i)
})

test.each([
  [{ code: 'Has Words In It' }, undefined],
  [{ code: 'x'.repeat(41) }, undefined],
  [{ error: 'invalid_token' }, 'invalid_token'],
  ['<html>', undefined],
])('of %j the log has the code %j', async (body, code) => {
  await clientOver(async () => Response.json(body, { status: 403 })).list()
  expect(JSON.parse(String(warn.mock.calls[0]))['code']).toBe(code)
})

/** An API that accepts only listed tokens and records its requests. */
function refusing(accepted: readonly string[], answers: Awaited<ReturnType<Replace>>[]) {
  const requests: Request[] = []
  const refused: string[] = []
  const fetch: Fetch = async (input, init) => {
    const request = new Request(input, init)
    requests.push(request)
    const isGood = accepted.includes(request.headers.get('authorization') ?? '')
    return isGood ? Response.json({ todos: [todo] }) : new Response('Canary', { status: 401 })
  }
  const client = clientOver(fetch, undefined, async (token) => {
    refused.push(token.reveal())
    return answers.shift() ?? err('stopped')
  })
  return { requests, refused, client }
}

test('after a 401 a request is sent once more with another token, a write with the same key', async () => {
  const { requests, refused, client } = refusing(['Bearer newer'], [ok(new Secret('newer'))])
  expect(await client.add('x')).toEqual(LIST)
  const sent = requests.map(({ headers }) => [headers.get('authorization'), headers.get('idempotency-key')])
  expect(sent).toEqual([
    ['Bearer tok-en', 'key-1'],
    ['Bearer newer', 'key-1'],
  ])
  expect(await Promise.all(requests.map((request) => request.text()))).toEqual([
    '{"todoText":"x"}',
    '{"todoText":"x"}',
  ])
  expect(refused).toEqual(['tok-en'])
  // Later requests of the same call use the newer token at once.
  expect(await client.list()).toEqual(LIST)
  expect(requests).toHaveLength(3)
  expect(loud).not.toHaveBeenCalled()
})

test('a token that PingOne has just given and the API refuses is sent no further, and is loud', async () => {
  const { requests, client } = refusing([], [ok(new Secret('newer')), ok(new Secret('newest'))])
  expect(await client.add('x')).toEqual(err({ reason: 'unauthorized' }))
  expect(requests).toHaveLength(2)
  expect(String(loud.mock.calls)).toContain('api.refuses-tokens')
  expect(JSON.stringify([warn.mock.calls, loud.mock.calls])).not.toMatch(/newer|tok-en|Canary/)
})

test.each([
  ['none_newer', 1],
  ['stopped', 0],
] as const)('without another token (%s) nothing is sent again', async (why, lines) => {
  const { requests, client } = refusing([], [err(why)])
  expect(await client.list()).toEqual(err({ reason: 'unauthorized' }))
  expect(requests).toHaveLength(1)
  expect(loud.mock.calls).toHaveLength(lines)
})

test('only a 401 is a reason to send again', async () => {
  for (const status of [403, 404, 408, 409, 429, 500, 503, 302]) {
    let requests = 0
    const replace = vi.fn<Replace>(noOther)
    const client = clientOver(
      async () => {
        requests += 1
        return new Response('', { status })
      },
      undefined,
      replace,
    )
    await client.add('x')
    expect([status, requests, replace.mock.calls.length]).toEqual([status, 1, 0])
  }
})

test('each write of one call has a key of its own, and keeps it under another token', async () => {
  const requests: (string | null)[] = []
  let denials = 0
  const client = clientOver(
    async (input, init) => {
      const request = new Request(input, init)
      requests.push(request.headers.get('idempotency-key'))
      const isRefused =
        request.method === 'DELETE' && new URL(request.url).pathname.endsWith('/b') && denials === 0
      if (isRefused) denials += 1
      return isRefused ? new Response('', { status: 401 }) : Response.json({ todos: [todo] })
    },
    undefined,
    async () => ok(new Secret('newer')),
  )
  await client.list()
  await client.remove('a')
  await client.remove('b')
  await client.remove('c')
  expect(requests).toEqual([null, 'key-1', 'key-1.2', 'key-1.2', 'key-1.3'])
})
