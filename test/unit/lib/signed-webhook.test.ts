import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import type { Fetch } from '#lib/bounded-fetch.ts'
import { Secret } from '#lib/secret.ts'
import { makeWebhookSender } from '#lib/signed-webhook.ts'

const URL = 'https://siem.example.test/hook'
const SECRET = `whsec_${Buffer.from('a secret of 32 characters, it is').toString('base64')}`
const ID = '019a0000-0000-7000-8000-000000000000'

const senderTo = (fetch: Fetch, nowMs = Date.now) =>
  makeWebhookSender({ url: URL, secret: new Secret(SECRET) }, { fetch, nowMs, deadlineMs: 20 })

test('a message is a POST that the library of receivers accepts, and no other secret and no other body', async () => {
  const requests: Request[] = []
  const sender = senderTo(async (input, init) => {
    requests.push(new Request(input, init))
    return new Response(null, { status: 200 })
  })
  expect(await sender.send(ID, '{"type":"security"}')).toEqual({ outcome: 'accepted' })
  const [request = new Request(URL)] = requests
  expect([request.method, request.url, request.redirect]).toEqual(['POST', URL, 'manual'])
  const headers = Object.fromEntries(request.headers)
  expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': ID })
  const text = await request.text()
  expect(new Webhook(SECRET).verify(text, headers)).toEqual({ type: 'security' })
  expect(() => new Webhook(SECRET).verify(text.replace('security', 'nothing!'), headers)).toThrow(
    'No matching signature',
  )
  expect(() => new Webhook(SECRET).verify(text, { ...headers, 'webhook-id': 'other' })).toThrow(
    'No matching signature',
  )
  expect(() => new Webhook(`whsec_${btoa('another')}`).verify(text, headers)).toThrow('No matching signature')
})

test('a receiver refuses a message that was recorded and comes again later', async () => {
  const requests: Request[] = []
  const sender = senderTo(
    async (input, init) => {
      requests.push(new Request(input, init))
      return new Response(null)
    },
    () => Date.now() - 301_000,
  )
  await sender.send(ID, '{}')
  const headers = Object.fromEntries(requests[0]?.headers ?? [])
  expect(() => new Webhook(SECRET).verify('{}', headers)).toThrow('too old')
})

test.each([200, 202, 204, 299])('status %i is accepted', async (status) => {
  expect(await senderTo(async () => new Response(null, { status })).send(ID, '{}')).toEqual({
    outcome: 'accepted',
  })
})

test.each([301, 302, 307, 400, 401, 403, 404, 410, 422])('status %i is a refusal', async (status) => {
  const headers = { location: 'https://elsewhere.example/' }
  let requests = 0
  const sender = senderTo(async () => {
    requests += 1
    return new Response(null, { status, headers })
  })
  expect(await sender.send(ID, '{}')).toEqual({ outcome: 'refused', detail: `status ${status}` })
  expect(requests).toBe(1)
})

test.each([408, 425, 429, 500, 502, 503, 504])(
  'status %i passes: the message is sent again',
  async (status) => {
    expect(await senderTo(async () => new Response(null, { status })).send(ID, '{}')).toEqual({
      outcome: 'unavailable',
      detail: `status ${status}`,
    })
  },
)

test('a receiver that does not answer is left at the deadline, and one that breaks off too', async () => {
  const hangs: Fetch = (input) =>
    new Promise((_resolve, reject) => {
      const { signal } = new Request(input)
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  expect(await senderTo(hangs).send(ID, '{}')).toEqual({ outcome: 'unavailable', detail: 'TimeoutError' })
  const breaks: Fetch = () => Promise.reject(new TypeError(`cannot reach ${URL} with ${SECRET}`))
  expect(await senderTo(breaks).send(ID, '{}')).toEqual({ outcome: 'unavailable', detail: 'TypeError' })
})

test('an endless answer is cut, and counts as a refusal', async () => {
  let isCancelled = false
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(16_384)),
    cancel() {
      isCancelled = true
    },
  })
  expect(await senderTo(async () => new Response(body)).send(ID, '{}')).toEqual({
    outcome: 'refused',
    detail: 'answer too large',
  })
  expect(isCancelled).toBe(true)
})
