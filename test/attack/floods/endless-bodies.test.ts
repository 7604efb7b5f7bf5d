import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ORIGIN } from '../../workers/settings.ts'
import { newToken, userNamed } from '../../workers/stored-bearer.ts'
import { network } from './server.ts'
import worker, { paths as routed } from './worker.ts'

// No route reads an unneeded body, or more of a body than it needs. Tests every route with every method that
// can have a body and many content types.
const PIECE_BYTES = 16 * 1024
const BODY_BYTES = 8 * 1024 * 1024
/** The largest limit of a route, plus one chunk in transit. */
const MOST_BYTES = 4 * PIECE_BYTES
const MOST_BYTES_OF_A_MESSAGE = 64 * 1024 + 2 * PIECE_BYTES

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
  const request = new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}${path}`, {
    method,
    headers: { 'CF-Connecting-IP': network(at), origin: ORIGIN, 'sec-fetch-site': 'same-origin', ...headers },
    body: watched.body,
    redirect: 'manual',
  })
  const answer = await worker.fetch(request, env, createExecutionContext())
  await answer.text()
  return { status: answer.status, pulled: watched.pulled, isLetGo: watched.isLetGo }
}

test('every route is among those that are asked', () => {
  expect(paths).toEqual(
    expect.arrayContaining(['/token', '/register', '/authorize', '/mcp', '/me/end', '/step-up/x~y']),
  )
})

test.for(paths)(
  'A2 %s takes a bounded part of a body that does not end, and lets go of the rest',
  async (path) => {
    const most = path === '/mcp' ? MOST_BYTES_OF_A_MESSAGE : MOST_BYTES
    let at = 0
    for (const method of METHODS)
      for (const type of TYPES)
        for (const more of [
          {},
          { authorization: `Bearer ${bearer}` },
          { 'content-length': String(BODY_BYTES) },
        ]) {
          const headers = { ...more, ...(type === undefined ? {} : { 'content-type': type }) }
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

test('A2 what is no body of a route is refused before a byte of it is read', async () => {
  const unread = [
    ['/token', { 'content-type': 'text/plain' }],
    ['/token', {}],
    ['/token', { 'content-type': 'application/json' }],
    ['/token', { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '60000000' }],
    ['/register', { 'content-type': 'text/plain' }],
    ['/register', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['/register', { 'content-type': 'application/json', 'content-length': '60000000' }],
    ['/authorize', { 'content-type': 'text/plain' }],
    ['/me/end', { 'content-type': 'text/plain' }],
    ['/mcp', { 'content-type': 'application/json' }],
    ['/mcp', { 'content-type': 'text/plain', authorization: `Bearer ${bearer}` }],
    ['/nothing-here', { 'content-type': 'application/json' }],
  ] as const
  for (const [at, [path, headers]] of unread.entries()) {
    const { status, pulled, isLetGo } = await send(path, 'POST', { ...headers }, 1000 + at)
    expect([path, headers, pulled, isLetGo, status >= 400]).toEqual([path, headers, 0, true, true])
  }
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
