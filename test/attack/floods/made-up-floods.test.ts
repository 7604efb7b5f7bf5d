import { env } from 'cloudflare:workers'
import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { ORIGIN } from '../../workers/settings.ts'
import { newToken, userNamed, random } from '../../workers/stored-bearer.ts'
import { ask, bearer, countStored, flood, network, serverWith, type Answer } from './server.ts'
import { clock } from './worker.ts'

// Invented credentials cost little and store nothing, in any number.
const FLOOD = 5000
const ATTACKER = '192.0.2.7'
afterEach(() => {
  clock.aheadMs = 0
})

const madeUp = (at: number) =>
  [
    `${random(22)}.k1.${random(43)}:${random(16)}:${random(32)}`,
    `${random(16)}:${random(16)}:${random(32)}`,
    random(64),
  ][at % 3] ?? ''
const session = () =>
  `${Array.from({ length: 64 }, () => Math.floor(Math.random() * 16).toString(16)).join('')}.${random(43)}`
const waitOf = ({ headers }: Answer) => Number(headers.get('retry-after'))

test('T15 5,000 made-up bearers and session ids: 401, then 429; no object, nothing in KV', async () => {
  const before = await countStored()
  const send = serverWith()
  const { statuses, answers } = await flood(FLOOD, (at) =>
    send('/mcp', { from: ATTACKER, headers: { ...bearer(madeUp(at)), 'mcp-session-id': session() } }),
  )
  expect(await countStored()).toEqual(before)
  expect(Object.keys(statuses)).toEqual(['401', '429'])
  expect(statuses[429]).toBeGreaterThan(FLOOD - 1300)
  const last = answers.at(-1)
  expect(JSON.parse(last?.text ?? '')).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -31_000 } })
  expect(last && waitOf(last)).toBeGreaterThan(0)
  // The same from a different network for each bearer.
  await flood(1000, (at) => send('/mcp', { from: network(at), headers: bearer(madeUp(at)) }))
  expect(await countStored()).toEqual(before)
})

test('5,000 made-up session ids behind a good bearer: 404, then 429; no object', async () => {
  const send = serverWith()
  const token = await newToken(await userNamed('ada'))
  const before = await countStored()
  const begun = Date.now()
  const { statuses } = await flood(FLOOD, () =>
    send('/mcp', {
      from: '192.0.3.1',
      headers: { ...bearer(token), 'mcp-session-id': session(), 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    }),
  )
  expect(Object.keys(statuses)).toEqual(['404', '429'])
  // The limit of one grant: 240, plus 4 a second.
  expect(statuses[404]).toBeLessThanOrEqual(241 + (4 * (Date.now() - begun)) / 1000)
  expect(await countStored()).toEqual(before)
})

test('5,000 made-up codes, refresh tokens and revocations: KV is asked a few hundred times', async () => {
  const before = await countStored()
  let reads = 0
  const kv = new Proxy(env.OAUTH_KV, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      reads += 1
      return method.bind(target)
    },
  })
  const send = serverWith({ OAUTH_KV: kv })
  const client = await registered(await register(send, network(1)))
  reads = 0
  const forms = [
    (code: string) => ({ grant_type: 'authorization_code', code_verifier: random(43), code }),
    (token: string) => ({ grant_type: 'refresh_token', refresh_token: token }),
    (token: string) => ({ token }),
  ]
  const { statuses, answers } = await flood(FLOOD, (at) => {
    const body = new URLSearchParams({ ...forms[at % 3]?.(madeUp(at)), client_id: client })
    return send('/token', { from: '192.0.4.1', body })
  })
  expect(statuses[429]).toBeGreaterThan(FLOOD - 1300)
  expect(reads).toBeLessThan(2700)
  expect(JSON.parse(answers.at(-1)?.text ?? '')).toMatchObject({ error: 'temporarily_unavailable' })
  expect(await countStored()).toEqual({ ...before, kv: before.kv + 1 })
})

test('T14 5,000 registrations from 5,000 networks: exactly as many as the ceiling; tomorrow it goes on', async () => {
  const before = await countStored()
  const send = serverWith({ REGISTRATIONS_PER_DAY: '50' })
  // Days ahead, so that other tests' requests do not count and no midnight passes.
  clock.aheadMs = untilTomorrow()
  const { statuses, answers } = await flood(FLOOD, (at) => register(send, network(at)))
  expect(statuses).toEqual({ 201: 50, 429: FLOOD - 50 })
  expect((await countStored()).kv).toBe(before.kv + 50)
  const last = answers.at(-1)
  expect(JSON.parse(last?.text ?? '')).toMatchObject({ error: 'temporarily_unavailable' })
  expect(last && waitOf(last)).toBeGreaterThan(23 * 3600)
  // Another isolate reads the same count; yesterday's count is deleted.
  expect((await register(serverWith({ REGISTRATIONS_PER_DAY: '50' }), network(1))).status).toBe(429)
  clock.aheadMs += 24 * 3_600_000
  expect((await register(send, network(2))).status).toBe(201)
  const days = await env.RECORDS.prepare('SELECT made FROM registration_days').all()
  expect(days.results).toEqual([{ made: 1 }])
})

test('one network has a tenth of the day, exactly, and what is refused anyway uses nothing up', async () => {
  clock.aheadMs = untilTomorrow() + 5 * 24 * 3_600_000
  const send = serverWith({ REGISTRATIONS_PER_DAY: '400' })
  const { statuses } = await flood(500, () => register(send, '203.0.113.9'))
  expect(statuses).toEqual({ 201: 40, 429: 460 })
  const bad = await flood(1300, () =>
    send('/register', { from: '192.0.5.1', headers: json, body: '{"redirect_uris":7}' }),
  )
  expect(Object.keys(bad.statuses)).toEqual(['400', '429'])
  expect((await register(send, network(3))).status).toBe(201)
})

test('5,000 made-up answers of PingOne and consents: a page, then 429 as a page; nothing is left', async () => {
  const from = '192.0.6.1'
  const before = await countStored()
  const send = serverWith()
  const { statuses, answers } = await flood(FLOOD, (at) =>
    at % 2 === 0
      ? send(`/callback?state=${random(43)}&code=${random(20)}`, { method: 'GET', from })
      : send('/authorize', { from, headers: ours, body: form({ handle: random(43) }) }),
  )
  expect(Object.keys(statuses)).toEqual(['400', '429'])
  expect(answers.slice(-2).map(({ status }) => status)).toEqual([429, 429])
  expect(answers.at(-1)?.text).toContain('Too many attempts')
  expect(answers.at(-1)?.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(await countStored()).toEqual(before)
})

test('the log has one line for a network that is over, without an address', async () => {
  const said = vi.spyOn(console, 'warn')
  const send = serverWith()
  await flood(FLOOD, (at) => send('/mcp', { from: '198.51.100.77', headers: bearer(madeUp(at)) }))
  const lines = said.mock.calls.map(([line]) => String(line))
  said.mockRestore()
  const told = lines.filter((line) => line.includes('limit.reached'))
  expect(told.map((line) => JSON.parse(line))).toEqual([
    { level: 'warn', event: 'limit.reached', limit: 'failures', network: '198.51.100.0/24' },
  ])
  expect(lines.join()).not.toContain('198.51.100.77')
})

const json = { 'content-type': 'application/json' }
const ours = { origin: ORIGIN, 'sec-fetch-site': 'same-origin' }
const form = (fields: Record<string, string>) => new URLSearchParams({ ...fields, decision: 'deny' })
const untilTomorrow = () => 24 * 3_600_000 - (Date.now() % (24 * 3_600_000)) + 1000

const metadata = JSON.stringify({
  client_name: 'x',
  redirect_uris: ['http://localhost:33418/done'],
  token_endpoint_auth_method: 'none',
})
const register = (send: ReturnType<typeof serverWith>, from: string) =>
  send('/register', { from, headers: json, body: metadata })
const registered = async ({ text }: Answer) =>
  z.object({ client_id: z.string() }).parse(JSON.parse(text)).client_id

test('a user of this server is not in the way of all that', async () => {
  const send = serverWith()
  const token = await newToken(await userNamed('bob'))
  await flood(1300, (at) => send('/mcp', { from: ATTACKER, headers: bearer(madeUp(at)) }))
  expect((await ask(send, token, { from: ATTACKER })).status).toBe(200)
})
