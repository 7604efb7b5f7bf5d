import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { expect, test, vi } from 'vitest'
import { err } from '#lib/result.ts'
import { Secret } from '#lib/secret.ts'
import { makeTodoClient } from '#todos/api/client.ts'

// Faults that need a real connection: a Node HTTP server that misbehaves.
const CANARY = 'CANARY-of-the-upstream'
const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})

async function clientOf(listener: RequestListener, deadlineMs = 10_000) {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const stop = async () => {
    server.closeAllConnections()
    server.close()
  }
  const baseUrl = new URL(`http://127.0.0.1:${address.port}`)
  const api = { fetch, baseUrl, deadlineMs, now: () => 0 }
  const client = makeTodoClient(api, {
    token: new Secret('token'),
    replaceToken: async () => err('none_newer'),
    idempotencyKey: 'key',
    transaction: crypto.randomUUID(),
  })
  return { client, baseUrl, stop, [Symbol.asyncDispose]: stop }
}

const list = (count: number, text: string) =>
  JSON.stringify({
    todos: Array.from({ length: count }, () => ({ id: crypto.randomUUID(), text, completed: false })),
  })
const trickle: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const timer = setInterval(() => response.write(' '), 50)
  response.once('close', () => clearInterval(timer))
}

test.for<[string, RequestListener]>([
  ['never answers', () => {}],
  ['answers for ever, a byte at a time', trickle],
])('an API that %s: nothing of a reading is lost, a write is unknown', async ([, listener], { expect }) => {
  await using api = await clientOf(listener, 400)
  expect(await api.client.list()).toEqual(err({ reason: 'unavailable' }))
  expect(await api.client.add('x')).toEqual(err({ reason: 'unknown_outcome' }))
})

test.for<[string, RequestListener, string]>([
  ['cuts the connection', (request) => request.socket.destroy(), 'unavailable'],
  [
    'cuts its answer',
    (_request, response) => {
      response.writeHead(200, { 'content-length': '9999' })
      response.write('{"todos":[', () => response.destroy())
    },
    'unavailable',
  ],
  ['answers 5 MB', (_request, response) => response.end(list(1, 'x'.repeat(5_000_000))), 'too_large'],
  [
    'answers with a page',
    (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(CANARY),
    'unavailable',
  ],
  ['answers with nothing', (_request, response) => response.writeHead(204).end(), 'unavailable'],
  ['speaks no HTTP', (request) => request.socket.end(`${CANARY}\r\n\r\n`), 'unavailable'],
])('an API that %s: nothing of a reading is lost, a write is unknown', async (story, { expect }) => {
  const [, listener, reason] = story
  await using api = await clientOf(listener)
  expect(await api.client.list()).toEqual(err({ reason }))
  expect(await api.client.add('x')).toEqual(err({ reason: 'unknown_outcome' }))
  expect(JSON.stringify(warn.mock.calls)).not.toContain(CANARY)
})

test('a redirect is not followed: the token would go where it leads', async () => {
  const requests: string[] = []
  await using api = await clientOf((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    response.writeHead(307, { location: '/elsewhere' }).end(list(1, 'x'))
  })
  expect(await api.client.list()).toEqual(err({ reason: 'unavailable' }))
  expect(await api.client.add('x')).toEqual(err({ reason: 'unknown_outcome' }))
  expect(requests).toEqual(['GET /api/todos', 'POST /api/todos?only=changed'])
})

test('an API that is down is no answer', async () => {
  const api = await clientOf(() => {})
  await api.stop()
  expect(await api.client.list()).toEqual(err({ reason: 'unavailable' }))
})

test('ten thousand todos are read', async () => {
  await using api = await clientOf((_request, response) =>
    response.end(list(10_000, 'Buy milk, bread, and two kilos of potatoes for Sunday')),
  )
  const answer = await api.client.list()
  expect(answer.ok && answer.value.todos.length).toBe(10_000)
})
