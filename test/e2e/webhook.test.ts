import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { Browser } from '#harness/browser.ts'
import { signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'
import { startWorld, type World } from '#harness/world.ts'

// A system of its own with a receiver of webhooks. Retries: test/workers/users/webhook.test.ts.
const secret = `whsec_${randomBytes(32).toString('base64')}`
const Headers = z.object({
  'webhook-id': z.string(),
  'webhook-timestamp': z.string(),
  'webhook-signature': z.string(),
})
const arrivals: { id: string; message: unknown }[] = []
const receiver = createServer((request, response) => {
  let text = ''
  request.on('data', (part) => {
    text += String(part)
  })
  request.on('end', () => {
    const headers = Headers.parse(request.headers)
    arrivals.push({ id: headers['webhook-id'], message: new Webhook(secret).verify(text, headers) })
    response.writeHead(204).end()
  })
})
let world: World

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    receiver.listen(0, '127.0.0.1', resolve)
  })
  const address = receiver.address()
  const port = typeof address === 'object' ? address?.port : undefined
  world = await startWorld({
    settings: { WEBHOOK_URL: `http://127.0.0.1:${port}/hook`, WEBHOOK_SECRET: secret },
  })
})
afterAll(async () => {
  receiver.close()
  await world[Symbol.asyncDispose]()
})

test('a code that is redeemed twice is a signed webhook', async () => {
  const { newClient, logs } = storyContext(world.addresses)
  const client = await newClient()
  const { url, verifier } = client.authorize()
  const { answer } = await signIn(new Browser(), url)
  const redeem = () => client.redeem(answer?.get('code') ?? '', verifier)
  expect([(await redeem()).status, (await redeem()).status]).toEqual([200, 400])
  await vi.waitFor(() => expect(arrivals.length).toBeGreaterThan(0), { timeout: 55_000, interval: 200 })
  const data = { type: 'security', finding: 'code-reused', client: { id: client.clientId } }
  for (const { message } of arrivals) expect(message).toMatchObject({ type: 'security', data })
  expect(new Set(arrivals.map(({ id }) => id)).size).toBe(1)
  expect(logs('mcp')).not.toContain(secret.slice(6))
})
