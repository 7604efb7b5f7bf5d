import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorld, type World } from '#harness/world.ts'

// A server that answers before it has read the body closes the connection, and a client that still sends may lose the
// answer. Each request is sent several times: which of both is faster differs from one to the next.
const TIMES = 8

let world: World
beforeAll(async () => {
  world = await startWorld({ workers: ['mcp'] })
})
afterAll(() => world?.stop())

const BODY = new Uint8Array(1_000_000).fill(0x78)
const PIECE = 16_384

const inPieces = () =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < BODY.length; at += PIECE) controller.enqueue(BODY.subarray(at, at + PIECE))
      controller.close()
    },
  })

const FORM = 'application/x-www-form-urlencoded'

const REFUSED = [
  ['a call without a bearer', 'POST', '/mcp', 'application/json', 401],
  ['a method that /mcp does not have', 'PUT', '/mcp', 'application/json', 405],
  ['another path of /mcp', 'POST', '/mcp/x', 'application/json', 404],
  ['a token request of another type', 'POST', '/token', 'text/plain', 400],
  ['a token request that is too large', 'POST', '/token', FORM, 413],
  ['a registration that is too large', 'POST', '/register', 'application/json', 413],
  ['a form that is too large', 'POST', '/authorize', FORM, 400],
  ['a method that a page does not have', 'POST', '/callback', FORM, 405],
  ['a path that does not exist', 'POST', '/nothing', 'text/plain', 404],
] as const

const send = (url: string, type: string, body: BodyInit, method: 'POST' | 'PUT' = 'POST') =>
  fetch(url, {
    method,
    headers: { 'content-type': type },
    body,
    ...(body instanceof ReadableStream ? { duplex: 'half' as const } : {}),
  })

test.each(REFUSED)(
  '%s gets its answer after a body of a million bytes',
  async (_, method, path, type, status) => {
    const answers: string[] = []
    for (let time = 0; time < TIMES; time += 1)
      for (const body of [BODY, inPieces()]) {
        const answer = await send(`${world.origin}${path}`, type, body, method)
        const text = await answer.text()
        answers.push(`${answer.status} ${text.includes('connection lost')}`)
      }
    expect(new Set(answers)).toEqual(new Set([`${status} false`]))
  },
)

test('a request for another host gets 421 after a body of a million bytes', async () => {
  const elsewhere = `${world.origin.replace('localhost', '127.0.0.1')}/token`
  for (let time = 0; time < TIMES; time += 1) {
    // Node's fetch repeats a request after 421 (Fetch §4.6), with the rest of a body that is no stream.
    const { status } = await send(elsewhere, FORM, inPieces())
    expect(status).toBe(421)
  }
})
