import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { Client } from '../faults/client.ts'
import { send } from '../faults/send.ts'
import { denialText, refreshDenial, passSeconds, startClock, stopClock } from './support.ts'

beforeEach(stopClock)
afterEach(() => {
  startClock()
  vi.restoreAllMocks()
})

const Answer = z.looseObject({
  access_token: z.string(),
  refresh_token: z.string(),
  expires_in: z.number(),
  scope: z.string(),
})

/** A refresh from this network address. */
async function refreshFrom(client: Client, refreshToken: string, address: string, more = {}) {
  const fields = {
    client_id: client.id,
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    ...more,
  }
  const headers = { 'cf-connecting-ip': address }
  return send('/token', { method: 'POST', headers, body: new URLSearchParams(fields) })
}
const pairFrom = async (...request: Parameters<typeof refreshFrom>) =>
  Answer.parse(JSON.parse((await refreshFrom(...request)).text))

test('a repeat within the minute is the same answer, with what is left of its life', async () => {
  const client = await (await Client.register()).signIn()
  const { refresh_token } = client.tokens
  const first = await pairFrom(client, refresh_token, '192.0.2.1')
  passSeconds(45)
  const repeated = await pairFrom(client, refresh_token, '192.0.2.77')
  expect(repeated).toEqual({ ...first, expires_in: first.expires_in - 45 })
})

test('a repeat from another network is an event and no ending', async () => {
  const logSpy = vi.spyOn(console, 'warn')
  const client = await (await Client.register()).signIn()
  const { refresh_token } = client.tokens
  const events = () =>
    logSpy.mock.calls.flat().filter((line) => String(line).includes('refresh-repeated-elsewhere'))
  const first = await pairFrom(client, refresh_token, '192.0.2.1')
  await pairFrom(client, refresh_token, '192.0.2.200')
  expect(events()).toEqual([])
  expect(await pairFrom(client, refresh_token, '198.51.100.1')).toEqual(first)
  expect(await pairFrom(client, refresh_token, '2001:db8:1:2::1')).toEqual(first)
  expect(events()).toHaveLength(2)
  expect(String(events())).not.toContain('198.51.100')
  client.tokens = first
  expect(await client.call('stateless', 'listTodos')).toBe('ok')
})

test('a repeat is answered however late while nothing of its pair was used; the window never slides', async () => {
  const client = await (await Client.register()).signIn()
  const { refresh_token } = client.tokens
  const lost = await pairFrom(client, refresh_token, '192.0.2.1')
  passSeconds(1800)
  const repeated = await pairFrom(client, refresh_token, '192.0.2.1')
  expect(repeated.refresh_token).toBe(lost.refresh_token)
  client.tokens = repeated
  expect(await client.call('stateless', 'listTodos')).toBe('ok')
  expect(await refreshDenial(client, refresh_token)).toBe(denialText('refresh_reused'))
})

// The library's docs/authorization-server.md, "Token endpoint" and "Resources and token audiences".
test('a refresh may narrow its scopes and nothing else: the next one has all of them again', async () => {
  const client = await (await Client.register()).signIn()
  const narrow = await pairFrom(client, client.tokens.refresh_token, '192.0.2.1', { scope: 'todo:read' })
  expect(narrow.scope).toBe('todo:read')
  const whole = await pairFrom(client, narrow.refresh_token, '192.0.2.1')
  expect(whole.scope.split(' ').toSorted()).toEqual(['todo:read', 'todo:write'])
  const elsewhere = await refreshFrom(client, whole.refresh_token, '192.0.2.1', {
    resource: 'https://other.example',
  })
  expect([elsewhere.status, elsewhere.text]).toEqual([400, expect.stringContaining('invalid_target')])
  client.tokens = whole
  expect(await client.call('stateless', 'listTodos')).toBe('ok')
})

const REQUESTS_PER_MINUTE = 240

test('a client that refreshes too often is told when to come again, and the same token is good then', async () => {
  const client = await (await Client.register()).signIn()
  let token = client.tokens.refresh_token
  const refresh = () => refreshFrom(client, token, '192.0.2.1')
  let answer = await refresh()
  let done = 0
  for (; answer.status === 200; done += 1) {
    token = Answer.parse(JSON.parse(answer.text)).refresh_token
    answer = await refresh()
  }
  expect(done).toBe(REQUESTS_PER_MINUTE)
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1'])
  expect(answer.text).toContain('temporarily_unavailable')
  passSeconds(1)
  client.tokens = await pairFrom(client, token, '192.0.2.1')
  passSeconds(1)
  expect(await client.call('stateless', 'listTodos')).toBe('ok')
})

test('a token that was spent long ago ends the grant, however much it refreshed since', async () => {
  const client = await (await Client.register()).signIn()
  const first = client.tokens.refresh_token
  let token = first
  for (let count = 0; count < REQUESTS_PER_MINUTE; count += 1)
    token = (await pairFrom(client, token, '192.0.2.1')).refresh_token
  passSeconds(61)
  expect(await refreshDenial(client, first)).toBe(denialText('refresh_reused'))
})
