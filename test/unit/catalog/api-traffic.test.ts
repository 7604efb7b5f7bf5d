import { expect, test } from 'vitest'
import { ApiTraffic } from '#catalog/api-traffic.ts'
import { boundedFetch, type Fetch, TooLargeError } from '#lib/bounded-fetch.ts'

const URL_OF_API = 'https://api.example/v1'
const limits = { deadlineMs: 5_000, maxBytes: 1_000 }
const text = 'Grüße'
const bytesOfText = 7

/** Each request takes 5 ms by this clock. */
function observe(answer: (request: Request) => Response | Promise<Response>) {
  let nowMs = 0
  const traffic = new ApiTraffic(() => nowMs)
  const fetch: Fetch = async (input) => {
    const request = new Request(input)
    nowMs += 5
    return answer(request)
  }
  return { traffic, fetch: traffic.observed(fetch) }
}

test('a call without a request has no facts', () => {
  expect(observe(() => new Response()).traffic.facts).toBeUndefined()
})

test('requests, bytes both ways, the time and the last answer are observed', async () => {
  const { traffic, fetch } = observe(async (request) =>
    request.method === 'GET'
      ? new Response(text, { headers: { 'content-length': String(bytesOfText) } })
      : new Response(await request.text(), { status: 201, headers: { 'x-correlation-id': 'abc-1' } }),
  )
  const first = await boundedFetch(fetch, new Request(URL_OF_API), limits)
  const second = await boundedFetch(fetch, new Request(URL_OF_API, { method: 'POST', body: text }), limits)
  expect([await first.text(), await second.text()]).toEqual([text, text])
  expect(traffic.facts).toEqual({
    requests: 2,
    status: 201,
    ms: 10,
    bytesSent: bytesOfText,
    bytesReceived: 2 * bytesOfText,
    correlation: 'abc-1',
  })
})

test('the product gets status, headers and body as they were sent', async () => {
  const { fetch } = observe(
    () => new Response('no', { status: 422, statusText: 'Odd', headers: { 'retry-after': '7' } }),
  )
  const answer = await fetch(new Request(URL_OF_API))
  expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([422, '7', 'no'])
})

test('the API gets method, headers and body as they were sent', async () => {
  const seen: unknown[] = []
  const { fetch } = observe(async (request) => {
    seen.push([request.method, request.headers.get('idempotency-key'), await request.text()])
    return new Response()
  })
  await fetch(URL_OF_API, { method: 'PATCH', headers: { 'idempotency-key': 'k' }, body: text })
  expect(seen).toEqual([['PATCH', 'k', text]])
})

test.each([204, 304])('an answer %i without a body is passed on', async (status) => {
  const { traffic, fetch } = observe(() => new Response(null, { status }))
  expect((await fetch(URL_OF_API)).body).toBeNull()
  expect(traffic.facts).toMatchObject({ status, bytesReceived: 0 })
})

test('a request without an answer counts, and the status stays that of the last answer', async () => {
  const { traffic, fetch } = observe(() => Promise.reject(new Error('no network')))
  await expect(fetch(URL_OF_API)).rejects.toThrow('no network')
  expect(traffic.facts).toEqual({ requests: 1, ms: 5, bytesSent: 0, bytesReceived: 0 })
})

test('an answer that is too large is cancelled, and not read to its end', async () => {
  let pulled = 0
  let isCancelled = false
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled += 1
      controller.enqueue(new Uint8Array(300))
    },
    cancel() {
      isCancelled = true
    },
  })
  const { traffic, fetch } = observe(() => new Response(endless))
  const reading = boundedFetch(fetch, new Request(URL_OF_API), limits)
  await expect(reading).rejects.toBeInstanceOf(TooLargeError)
  expect([isCancelled, pulled <= 6]).toEqual([true, true])
  expect(traffic.facts?.bytesReceived).toBe(1_200)
})

test('a body is passed on piece by piece', async () => {
  let send = (_piece: Uint8Array) => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      send = (piece) => controller.enqueue(piece)
    },
  })
  const { traffic, fetch } = observe(() => new Response(body))
  const reader = (await fetch(URL_OF_API)).body?.getReader()
  send(new Uint8Array(3))
  expect((await reader?.read())?.value).toHaveLength(3)
  expect(traffic.facts?.bytesReceived).toBe(3)
  send(new Uint8Array(4))
  expect((await reader?.read())?.value).toHaveLength(4)
  expect(traffic.facts?.bytesReceived).toBe(7)
  await reader?.cancel()
})

test.each([
  ['correlation-id', 'a'.repeat(64), 'a'.repeat(64)],
  ['correlation-id', 'a'.repeat(65), undefined],
  ['correlation-id', 'two words', undefined],
  ['x-request-id', 'abc', undefined],
])('an API that sends %s: %s is correlated by %s', async (name, value, expected) => {
  const { traffic, fetch } = observe(() => new Response('', { headers: { [name]: value } }))
  await fetch(URL_OF_API)
  expect(traffic.facts?.correlation).toBe(expected)
})
