import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { Client, transports } from '../faults/client.ts'
import type { Answer } from '../wire.ts'
import { switches } from '../pingone.ts'
import { denialText, endedSentence, refreshDenial, passSeconds, startClock, stopClock } from './support.ts'

// PingOne issued no refresh token: our tokens live as long as its access token, and say so.
const LIFE = 900

beforeEach(() => {
  stopClock()
  Object.assign(switches, { accessTokenSeconds: LIFE, hasRefreshTokens: false })
})
afterEach(() => {
  startClock()
  Object.assign(switches, { accessTokenSeconds: 3600, hasRefreshTokens: true })
})

const Pair = z.object({ access_token: z.string(), refresh_token: z.string(), expires_in: z.number() })

/** Stores the new tokens in the client, and returns their life. */
function keepTokens(client: Client, { text }: Answer): number {
  const { expires_in, ...tokens } = Pair.parse(JSON.parse(text))
  client.tokens = tokens
  return expires_in
}
const redeem = async (client: Client, code: string) => keepTokens(client, await client.oauth.redeem(code))
const refresh = async (client: Client) =>
  keepTokens(client, await client.oauth.refresh(client.tokens.refresh_token))

test('an access token lives as long as the one of PingOne’s, at the exchange and at every refresh', async () => {
  const client = await Client.register()
  const code = await client.login().toCode()
  passSeconds(100)
  expect(await redeem(client, code)).toBe(LIFE - 100)
  for (const transport of transports) expect(await client.call(transport, 'listTodos')).toBe('ok')
  passSeconds(500)
  expect(await refresh(client)).toBe(LIFE - 600)
  passSeconds(LIFE - 601)
  for (const transport of transports) expect(await client.call(transport, 'listTodos')).toBe('ok')
  passSeconds(1)
  for (const transport of transports) expect(await client.call(transport, 'listTodos')).toContain('401')
  expect(await refreshDenial(client)).toBe(denialText('downstream_expired'))
})

test('in the last minute there is nothing to refresh for, and the client hears why', async () => {
  const client = await (await Client.register()).signIn()
  passSeconds(LIFE - 60)
  expect(await refresh(client)).toBe(60)
  passSeconds(1)
  expect(await refreshDenial(client)).toBe(denialText('downstream_expired'))
})

test('a code that comes in the last minute brings the reason instead of tokens', async () => {
  switches.accessTokenSeconds = 120
  const client = await Client.register()
  const code = await client.login().toCode()
  passSeconds(61)
  const answer = await client.oauth.redeem(code)
  expect([answer.status, answer.text]).toEqual([
    400,
    expect.stringContaining(endedSentence('downstream_expired')),
  ])
})

test('with a refresh token of PingOne’s, ours live as set however short PingOne’s own are', async () => {
  switches.hasRefreshTokens = true
  const client = await Client.register()
  expect(await redeem(client, await client.login().toCode())).toBe(3600)
})
