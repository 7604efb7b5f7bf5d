import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { documents } from './real-clients.ts'
import { pageOf, serverWith } from './server.ts'
import { requestedUrls, clearInternet, publish } from './the-internet.ts'

const server = serverWith()
const { client_id: claude, redirect_uris: redirects } = documents.Claude
const [callback = ''] = redirects
const elsewhere = 'https://evil.example/document.json'
const json = { 'content-type': 'application/json' }
beforeEach(clearInternet)
afterEach(() => vi.restoreAllMocks())

const broken: [string, object][] = [
  ['is not there', { status: 404 }],
  [
    'is a challenge page',
    { status: 403, headers: { 'content-type': 'text/html' }, body: '<html>Just a moment</html>' },
  ],
  ['is HTML', { headers: { 'content-type': 'text/html' }, body: '<html>login</html>' }],
  ['is no JSON', { headers: json, body: '{' }],
  ['is a list', { headers: json, body: '[]' }],
  ['is of another client', { ...documents.Claude, client_id: 'https://claude.ai/oauth/other' }],
  ['names its client in capitals', { ...documents.Claude, client_id: claude.toUpperCase() }],
  ['has no name', { ...documents.Claude, client_name: undefined }],
  ['has an empty name', { ...documents.Claude, client_name: ' ' }],
  ['has no redirect URIs', { ...documents.Claude, redirect_uris: undefined }],
  ['has an empty list of them', { ...documents.Claude, redirect_uris: [] }],
  ['runs a script', { ...documents.Claude, redirect_uris: [callback, 'javascript:alert(1)'] }],
  ['has a secret', { ...documents.Claude, client_secret: 'x' }],
  ['has 10 MiB', { headers: json, bytes: 10 * 1024 * 1024 }],
  ['has 6 KB', { ...documents.Claude, padding: 'x'.repeat(6000) }],
  ['redirects', { status: 302, headers: { location: elsewhere } }],
]

test.for(broken)('a document that %s: 503, a page, no redirect', async ([, document]) => {
  await publish(claude, document)
  await publish(elsewhere, documents.Claude)
  const answer = await server.authorize(claude, callback)
  expect(answer.headers.get('retry-after')).not.toBeNull()
  const page = await pageOf(answer)
  expect(page).toMatchObject({ status: 503, location: null })
  expect(page.title).toContain('This app could not be checked')
  // The page names the unreadable address and the workaround.
  expect(page.text).toContain('It is described at claude.ai')
  expect(page.text).toContain('--oauth-client-registration dcr')
  expect(await requestedUrls()).not.toContain(elsewhere)
})

test('a document that is slow is not waited for', async () => {
  await publish(claude, { headers: json, body: JSON.stringify(documents.Claude), delayMs: 15_000 })
  expect((await server.authorize(claude, callback)).status).toBe(503)
})

test('a redirect URI that is not in the document is a page', async () => {
  await publish(claude, documents.Claude)
  for (const other of ['https://claude.ai/other', 'https://evil.example/cb', 'http://localhost/callback']) {
    const page = await pageOf(await server.authorize(claude, other))
    expect(page).toMatchObject({ status: 400, location: null })
  }
})

test('a document is fetched when it is needed, and kept for as long as it says', async () => {
  const other = documents['Claude Code']
  const redirect = 'http://localhost:5000/callback'
  await publish(other.client_id, {
    headers: { ...json, 'cache-control': 'public, max-age=300' },
    body: JSON.stringify(other),
  })
  expect((await server.authorize(other.client_id, redirect)).status).toBe(200)
  const first = await requestedUrls()
  expect((await server.authorize(other.client_id, redirect)).status).toBe(200)
  // Our own fetch, which follows no redirect, runs at each login. The library's fetch is cached.
  expect(await requestedUrls()).toEqual([...first, other.client_id])
  await publish(claude, {
    headers: { ...json, 'cache-control': 'no-store' },
    body: JSON.stringify(documents.Claude),
  })
  await server.authorize(claude, callback)
  const once = await requestedUrls()
  await server.authorize(claude, callback)
  expect((await requestedUrls()).length).toBeGreaterThan(once.length + 1)
})

test('what the library writes of a document goes through the log', async () => {
  const logSpy = vi.spyOn(console, 'warn')
  const open = serverWith({ CLIENT_ADMISSION: 'open' })
  const id = `https://app.example.com/${'aB3'.repeat(14)}`
  await publish(id, { client_id: 'x\n{"event":"made.up"}', client_name: 'x', redirect_uris: [callback] })
  expect((await open.authorize(id, callback)).status).toBe(503)
  const lines = logSpy.mock.calls.flat().map(String)
  expect(lines.filter((line) => line.includes('"event":"library.said"'))).toEqual([
    expect.stringContaining('https://app.example.com/[secret]'),
  ])
})
