import { beforeEach, expect, test, vi } from 'vitest'
import { documents, registrations } from './real-clients.ts'
import { pageOf, registered, serverWith } from './server.ts'
import { requestedUrls, clearInternet, publish } from './the-internet.ts'

const ours = 'https://agents.example.com/oauth/client.json'
const document = {
  ...documents.Claude,
  client_id: ours,
  client_name: 'Our agent',
  redirect_uris: ['https://agents.example.com/callback'],
}
beforeEach(clearInternet)

test('listed admits what the operator lists, and none of the known clients', async () => {
  const server = serverWith({
    CLIENT_ADMISSION: 'listed',
    ALLOWED_CLIENTS: ours,
    ALLOWED_REDIRECT_HOSTS: 'app.example.com, localhost',
  })
  await publish(ours, document)
  await publish(documents.Claude.client_id, documents.Claude)
  const own = await pageOf(await server.authorize(ours, 'https://agents.example.com/callback'))
  expect(own).toMatchObject({ status: 200 })
  expect(own.text).not.toContain('on our list')
  const claude = await server.authorize(documents.Claude.client_id, 'https://claude.ai/api/mcp/auth_callback')
  expect(claude.status).toBe(403)

  const redirects = ['https://app.example.com/a', 'http://localhost:4444/cb', 'http://127.0.0.1:4444/cb']
  const client = await registered(
    await server.register({ ...registrations['mcp-remote'], redirect_uris: redirects }),
  )
  const statuses = await Promise.all(
    redirects.map(async (uri) => (await server.authorize(client, uri)).status),
  )
  expect(statuses).toEqual([200, 200, 403])
  expect((await server.register(registrations.Claude)).status).toBe(400)
})

test('what the operator lists adds to the known clients; a registration can be listed by its id', async () => {
  const redirectUri = 'https://partner.example.com/cb'
  const body = { ...registrations['mcp-remote'], redirect_uris: ['http://localhost/cb', redirectUri] }
  const client = await registered(await serverWith().register(body))
  expect((await serverWith().authorize(client, redirectUri)).status).toBe(403)
  const server = serverWith({ ALLOWED_CLIENTS: `${ours} ${client}` })
  expect((await server.authorize(client, redirectUri)).status).toBe(200)
  await publish(ours, document)
  expect((await server.authorize(ours, 'https://agents.example.com/callback')).status).toBe(200)
})

test('open admits every client, says so loudly, once, and still asks no private address', async () => {
  const server = serverWith({ CLIENT_ADMISSION: 'open' })
  const logSpy = vi.spyOn(console, 'error')
  await publish(ours, document)
  expect((await server.authorize(ours, 'https://agents.example.com/callback')).status).toBe(200)
  const anyone = { ...registrations['mcp-remote'], redirect_uris: ['https://anyone.example/cb'] }
  const client = await registered(await server.register(anyone))
  expect((await server.authorize(client, 'https://anyone.example/cb')).status).toBe(200)
  expect(logSpy.mock.calls.filter(([line]) => String(line).includes('admission.open'))).toHaveLength(1)
  logSpy.mockRestore()

  await clearInternet()
  for (const client of [
    'https://127.0.0.1/client.json',
    'https://[::1]/client.json',
    'https://0x7f.1/client.json',
    'https://localhost/client.json',
    'https://tool.localhost/client.json',
    'https://metadata.google.internal/client.json',
    'https://user@agents.example.com/client.json',
    'https://agents.example.com:8443/client.json',
    'https://agents.example.com/a/../client.json',
    'https://agents.example.com/redirect?to=https://evil.example',
    'https://agents.example.com/',
    'http://agents.example.com/client.json',
  ]) {
    const answer = await server.authorize(client, 'https://agents.example.com/callback')
    expect({ client, status: answer.status }).toEqual({ client, status: 403 })
  }
  expect(await requestedUrls()).toEqual([])
})

test('cursor:// is refused when it is used, also where every client is admitted', async () => {
  const server = serverWith({ CLIENT_ADMISSION: 'open' })
  const client = await registered(await server.register(registrations.Cursor))
  const page = await pageOf(await server.authorize(client, 'cursor://anysphere.cursor-mcp/oauth/callback'))
  expect(page).toMatchObject({ status: 403, location: null })
})
