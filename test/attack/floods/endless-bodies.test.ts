import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ORIGIN } from '../../workers/settings.ts'
import { newToken, userNamed } from '../../workers/stored-bearer.ts'
import { network } from './server.ts'
import worker, { paths as routed } from './worker.ts'

// No route reads more of a body than it needs, but for a bounded part that it drops: a client that still sends then
// gets the answer. Tests every route with every method that can have a body and many content types.
const PIECE_BYTES = 16 * 1024
const BODY_BYTES = 8 * 1024 * 1024
/** Of what is refused, and of what is too long. */
const DROPPED_BYTES = 1024 * 1024
/** The largest limit of a route, plus one chunk in transit. */
const MOST_BYTES = DROPPED_BYTES + 4 * PIECE_BYTES
const MOST_BYTES_OF_A_MESSAGE = DROPPED_BYTES + 64 * 1024 + 2 * PIECE_BYTES

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const TYPES = [
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-16',
  'application/json',
  'multipart/form-data; boundary=x',
  'text/plain',
  'application/octet-stream',
  undefined,
]

/** Every route, and unknown paths. */
const paths = [
  ...routed.map((path) => path.replace(':request', 'x~y').replace('*', 'x')),
  '/.well-known/oauth-authorization-server',
  '/nothing-here',
  '/%74oken',
  '/mcp/',
]

interface Watched {
  body: ReadableStream<Uint8Array>
  pulled: number
  isLetGo: boolean
}

/** A body of several megabytes that counts the bytes read. */
function watchedBody(first: string): Watched {
  const head = new TextEncoder().encode(first)
  const watched: Watched = {
    pulled: 0,
    isLetGo: false,
    body: new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const piece = new Uint8Array(PIECE_BYTES).fill(0x61)
          if (watched.pulled === 0) piece.set(head)
          watched.pulled += PIECE_BYTES
          controller.enqueue(piece)
          if (watched.pulled >= BODY_BYTES) controller.close()
        },
        cancel() {
          watched.isLetGo = true
        },
      },
      { highWaterMark: 0 },
    ),
  }
  return watched
}

const bearer = await newToken(await userNamed('ada'))

async function send(path: string, method: string, headers: Record<string, string>, at: number) {
  const isForm = headers['content-type']?.includes('form') === true
  const watched = watchedBody(isForm ? 'token=' : '{"a":"')
  const { status } = await ask(path, method, headers, at, watched.body)
  return { status, pulled: watched.pulled, isLetGo: watched.isLetGo }
}

async function ask(
  path: string,
  method: string,
  headers: Record<string, string>,
  at: number,
  body: ReadableStream<Uint8Array>,
): Promise<Response> {
  const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}${path}`, {
    method,
    headers: { 'CF-Connecting-IP': network(at), origin: ORIGIN, 'sec-fetch-site': 'same-origin', ...headers },
    body,
    redirect: 'manual',
  })
  const answer = await worker.fetch(request, env, createExecutionContext())
  await answer.text()
  return answer
}

test('every route is among those that are asked', () => {
  expect(paths).toEqual(
    expect.arrayContaining(['/token', '/register', '/authorize', '/mcp', '/me/end', '/step-up/x~y']),
  )
})

test.for(paths)(
  'A2 %s takes a bounded part of a body that does not end, and lets go of the rest',
  async (path) => {
    let at = 0
    for (const method of METHODS)
      for (const type of TYPES)
        for (const more of [
          {},
          { authorization: `Bearer ${bearer}` },
          { 'content-length': String(BODY_BYTES) },
        ]) {
          const headers = { ...more, ...(type === undefined ? {} : { 'content-type': type }) }
          const mostRead = path === '/mcp' ? MOST_BYTES_OF_A_MESSAGE : MOST_BYTES
          const most = 'content-length' in more ? 0 : mostRead
          const { pulled, isLetGo } = await send(path, method, headers, (at += 1))
          const asked = `${method} ${path} ${JSON.stringify(type)} ${Object.keys(more).join()}`
          expect({ asked, isBounded: pulled <= most, isLetGo }).toEqual({
            asked,
            isBounded: true,
            isLetGo: true,
          })
        }
  },
)

const NO_BODY_OF_A_ROUTE = [
  ['/token', { 'content-type': 'text/plain' }],
  ['/token', {}],
  ['/token', { 'content-type': 'application/json' }],
  ['/register', { 'content-type': 'text/plain' }],
  ['/register', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['/authorize', { 'content-type': 'text/plain' }],
  ['/me/end', { 'content-type': 'text/plain' }],
  ['/mcp', { 'content-type': 'application/json' }],
  ['/mcp', { 'content-type': 'text/plain', authorization: `Bearer ${bearer}` }],
  ['/nothing-here', { 'content-type': 'application/json' }],
] as const

test('A2 what is no body of a route, or declared too long, is refused before a byte of it is read', async () => {
  const declared = { 'content-length': '60000000' }
  const unread = [
    ...NO_BODY_OF_A_ROUTE,
    ['/token', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['/register', { 'content-type': 'application/json' }],
  ] as const
  for (const [at, [path, headers]] of unread.entries()) {
    const { status, pulled, isLetGo } = await send(path, 'POST', { ...headers, ...declared }, 1000 + at)
    expect([path, headers, pulled, isLetGo, status >= 400]).toEqual([path, headers, 0, true, true])
  }
})

test('A2 what is no body of a route is answered as if it were empty, and a bounded part is dropped', async () => {
  for (const [at, [path, headers]] of NO_BODY_OF_A_ROUTE.entries()) {
    const { status, pulled, isLetGo } = await send(path, 'POST', { ...headers }, 2000 + at)
    const unread = await send(path, 'POST', { ...headers, 'content-length': '60000000' }, 3000 + at)
    expect([path, headers, isLetGo, status]).toEqual([path, headers, true, unread.status])
    expect(pulled).toBeGreaterThan(DROPPED_BYTES)
    expect(pulled).toBeLessThanOrEqual(DROPPED_BYTES + 2 * PIECE_BYTES)
  }
})

test('A2 a sender that stops in a body that nobody needs gets its answer', async () => {
  const stopped = NO_BODY_OF_A_ROUTE.map(async ([path, headers], at) => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(5)),
    })
    const { status } = await ask(path, 'POST', { ...headers }, 4000 + at, body)
    return [path, status >= 400 && status < 500]
  })
  expect(await Promise.all(stopped)).toEqual(NO_BODY_OF_A_ROUTE.map(([path]) => [path, true]))
})

const type = fc.oneof(
  fc.constantFrom(...TYPES.filter((each) => each !== undefined)),
  fc.constantFrom(
    'APPLICATION/JSON',
    'application/json;',
    'application/json, text/plain',
    ' application/json',
  ),
  fc.stringMatching(/^[!-~]{0,40}$/),
)
const length = fc.constantFrom(
  undefined,
  '0',
  '1',
  '-1',
  '1e3',
  '0x10',
  'x',
  '99999999999999999999',
  '16384',
  '32768',
)

test('A2 however a body is announced, a bounded part of it is taken', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      fc.constantFrom(...METHODS),
      type,
      length,
      fc.boolean(),
      fc.nat(60_000),
      async (path, method, contentType, contentLength, hasBearer, at) => {
        const headers = {
          'content-type': contentType,
          ...(contentLength === undefined ? {} : { 'content-length': contentLength }),
          ...(hasBearer ? { authorization: `Bearer ${bearer}` } : {}),
        }
        const { pulled, isLetGo } = await send(path, method, headers, at)
        expect([pulled <= MOST_BYTES_OF_A_MESSAGE, isLetGo]).toEqual([true, true])
      },
    ),
    { numRuns: 300 },
  ))
