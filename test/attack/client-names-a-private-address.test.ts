import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { storyContext } from '#harness/story.ts'

// A client_id may be a URL that the server fetches, so a client could make it request internal addresses, even
// where every client is admitted. The canary counts connections.
const story = storyContext()
let canary: Server
let connections = 0
let port = 0

beforeAll(async () => {
  canary = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => {
    canary.listen(0, '127.0.0.1', resolve)
  })
  const address = canary.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})
beforeEach(() => {
  connections = 0
})
afterAll(() => {
  canary.close()
})

const addresses = () => [
  `https://localhost:${port}/client.json`,
  `https://127.0.0.1:${port}/client.json`,
  `https://2130706433:${port}/client.json`,
  `https://0x7f.1:${port}/client.json`,
  `https://user@localhost:${port}/client.json`,
  `https://LOCALHOST:${port}/client.json`,
  `https://tool.localhost:${port}/client.json`,
  `http://localhost:${port}/client.json`,
]

test('T12 /authorize answers with a page, and goes nowhere', async () => {
  const client = await story.newClient()
  for (const address of addresses()) {
    const page = await new Browser().open(client.authorize({ client_id: address }).url)
    expect({ address, status: page.status, next: page.next }).toEqual({
      address,
      status: 403,
      next: undefined,
    })
  }
  expect(connections).toBe(0)
})

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const assertionOf = (iss: string) =>
  `${base64url({ alg: 'RS256' })}.${base64url({ iss, sub: iss })}.c2lnbmF0dXJl`

test('T12 /token and revocation go nowhere either, wherever the client is named', async () => {
  const post = (form: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${story.origin}/token`, { method: 'POST', headers, body: new URLSearchParams(form) })
  for (const address of addresses()) {
    const assertion = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertionOf(address),
    }
    const answers = [
      await post({ grant_type: 'refresh_token', refresh_token: 'x:y:z', client_id: address }),
      await post({ grant_type: 'authorization_code', code: 'x:y:z', ...assertion }),
      await post({ token: 'x:y:z' }, { authorization: `Basic ${btoa(`${encodeURIComponent(address)}:x`)}` }),
    ]
    expect({ address, statuses: answers.map(({ status }) => status) }).toEqual({
      address,
      statuses: [401, 401, 401],
    })
  }
  expect(connections).toBe(0)
})
