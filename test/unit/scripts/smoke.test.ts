import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { expect, test } from 'vitest'
import { type Answer, makeAsk, type NoAnswer, type Question } from '../../../scripts/smoke/ask.ts'
import { checkSecurityText } from '../../../scripts/smoke/check-documents.ts'
import { checkSignIn } from '../../../scripts/smoke/check-login.ts'
import { checkOtherHost, checkPages } from '../../../scripts/smoke/check-pages.ts'

// What only a server on https has; test/e2e/smoke.test.ts asks a whole system.
const origin = 'https://mcp.example.com'

const answer = (status: number, text = '', headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  text,
  headers: new Headers(headers),
})
const target = (give: (url: URL, question: Question) => Answer | NoAnswer) => ({
  origin,
  ask: async (url: URL, question: Question = {}) => give(url, question),
})

test.for<[string, Answer | NoAnswer, string]>([
  ['our 421', answer(421), 'ok'],
  ['a denial of the platform', answer(403, '<title>Direct IP access not allowed</title>'), 'note'],
  ['a TLS alert', { failed: 'no answer (ECONNRESET)' }, 'note'],
  ['our own document', answer(200, '{"keys":[]}'), 'problem'],
])('another host name on https: %s', async ([_name, given, level]) => {
  const finding = await checkOtherHost(
    target((_url, { headers }) => {
      expect(headers?.['host']).toBe('not-this-server.example')
      return given
    }),
  )
  expect(finding.level).toBe(level)
})

const ARMOUR = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'unsafe-none',
  'strict-transport-security': 'max-age=31536000',
}

test.for<[string | undefined, boolean]>([
  ['max-age=31536000', true],
  ['max-age=31536000; includeSubDomains', true],
  ['max-age=300', false],
  [undefined, false],
])('on https a page has strict-transport-security: %s', async ([value, isGood]) => {
  const { 'strict-transport-security': _usual, ...others } = ARMOUR
  const headers = value === undefined ? others : { ...others, 'strict-transport-security': value }
  const [home] = await checkPages(target(() => answer(200, '', headers)))
  expect([home?.level, home?.found.includes('strict-transport-security') === true]).toEqual(
    isGood ? ['ok', false] : ['problem', true],
  )
})

const DAY_MS = 86_400_000
const nowMs = Date.UTC(2026, 10, 29)
const securityText = (days: number, canonical: string) =>
  `Contact: mailto:a@example.com\r\nExpires: ${new Date(nowMs + days * DAY_MS).toISOString()}\r\nCanonical: ${canonical}\r\n`

test.for<[number, string, string]>([
  [364, `${origin}/.well-known/security.txt`, 'ok'],
  [1, `${origin}/.well-known/security.txt`, 'ok'],
  [366, `${origin}/.well-known/security.txt`, 'problem'],
  [-1, `${origin}/.well-known/security.txt`, 'problem'],
  [364, 'https://other.example/.well-known/security.txt', 'problem'],
])('security.txt that ends in %d days and is %s: %s', async ([days, canonical, level]) => {
  const given = answer(200, securityText(days, canonical), { 'content-type': 'text/plain' })
  expect(
    (
      await checkSecurityText(
        target(() => given),
        nowMs,
      )
    ).level,
  ).toBe(level)
})

const leadingTo = (address: string) =>
  answer(200, `<meta http-equiv="refresh" content="0;url=${address}">`, {
    ...ARMOUR,
    'set-cookie': '__Host-sign-in-x=y; Path=/; Secure; HttpOnly; SameSite=Lax',
  })

test('a pushed request is begun, and not asked at PingOne', async () => {
  const asked: string[] = []
  const findings = await checkSignIn(
    target(({ href }) => {
      asked.push(href)
      return leadingTo('https://auth.pingone.eu/x/as/authorize?client_id=a&amp;request_uri=urn:x')
    }),
  )
  expect(findings.map(({ level }) => level)).toEqual(['ok', 'note'])
  expect(asked).toEqual([`${origin}/me/sign-in`])
})

test.for([
  'http://auth.pingone.eu/authorize?request_uri=urn:x',
  'http://localhost:8789/authorize?request_uri=x',
  'https://[',
])('a sign-in of a deployment that leads to %s is a problem', async (address) => {
  const findings = await checkSignIn(target(() => leadingTo(address)))
  expect(findings.map(({ level }) => level)).toEqual(['problem', 'note'])
})

async function askLocal(listener: RequestListener, deadlineMs = 10_000): Promise<Answer | NoAnswer> {
  await using server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const given = await makeAsk(deadlineMs)(new URL(`http://127.0.0.1:${port}/`))
  server.closeAllConnections()
  return given
}

test('an answer is bounded in bytes and in time, body included, and a redirect is an answer', async () => {
  expect(await askLocal((_request, response) => response.end('x'.repeat(256 * 1024 + 1)))).toEqual({
    failed: 'its answer has more than 256 KiB',
  })
  expect(await askLocal((_request, response) => response.write('x'), 200)).toEqual({
    failed: 'no answer in 0.2 s',
  })
  const moved = await askLocal((_request, response) =>
    response.writeHead(302, { location: '/elsewhere' }).end(),
  )
  expect(moved).toMatchObject({ status: 302, text: '' })
  expect(await makeAsk(10_000)(new URL('http://127.0.0.1:1/'))).toEqual({
    failed: 'no answer (ECONNREFUSED)',
  })
})
