import { afterEach, beforeEach, expect, test } from 'vitest'
import { Client } from '../faults/client.ts'
import { expectTokensWork } from '../faults/journeys.ts'
import { mcpRequest } from '#harness/messages.ts'
import { VERIFIER } from '../wire.ts'
import { REDIRECT_URI } from '../settings.ts'
import { send } from '../faults/send.ts'
import {
  postToken,
  denialText,
  refreshDenial,
  passSeconds,
  DAY,
  MINUTE,
  startClock,
  stopClock,
  everythingStored,
  shipEverything,
} from './support.ts'

// The ids of user and grant are readable in every token. Knowing them must give no access.
beforeEach(() => {
  stopClock()
  // Alarms are a day away in real time, so that none comes between two snapshots.
  passSeconds(DAY)
})
afterEach(startClock)

test('T19 a refresh token that comes back after its minute ends its own grant and no other', async () => {
  const [ada, bob] = [crypto.randomUUID(), crypto.randomUUID()]
  const robbed = await (await Client.register()).signIn(ada)
  const adasOther = await (await Client.register()).signIn(ada)
  const bobs = await (await Client.register()).signIn(bob)
  const first = robbed.tokens.refresh_token
  await expectTokensWork(robbed)
  await expectTokensWork(robbed)
  passSeconds(MINUTE)
  expect(await refreshDenial(robbed, first)).toBe(denialText('refresh_reused'))
  expect(await robbed.call('stateless', 'listTodos')).toContain('401')
  expect(await refreshDenial(robbed)).toBe(denialText('refresh_reused'))
  await expectTokensWork(adasOther)
  await expectTokensWork(bobs)
})

const madeUp = 'A'.repeat(32)

/** Every request that needs no secret of the grant. */
function attempts(victim: Client, stranger: Client): Record<string, string>[] {
  const [user = '', grant = ''] = victim.tokens.access_token.split(':')
  const [name = '', key = ''] = user.split('.')
  const tokens = [
    `${user}:${grant}:${madeUp}`,
    `${user}:${'A'.repeat(16)}:${madeUp}`,
    `${name}.${key}.${'A'.repeat(43)}:${grant}:${madeUp}`,
    `${'A'.repeat(22)}.${key}.${'A'.repeat(43)}:${grant}:${madeUp}`,
    `${user}:${grant}:`,
    `${user}:${grant}`,
  ]
  const clients = [{ client_id: victim.id }, { client_id: stranger.id }, { client_id: 'nobody' }, {}]
  const pkce = { code_verifier: VERIFIER, redirect_uri: REDIRECT_URI }
  return clients.flatMap((client) =>
    tokens.flatMap((token) => [
      { ...client, grant_type: 'refresh_token', refresh_token: token },
      { ...client, grant_type: 'authorization_code', code: token, ...pkce },
      { ...client, token },
      { ...client, token, token_type_hint: 'refresh_token' },
    ]),
  )
}

const listTools = (token: string) =>
  send('/mcp', mcpRequest(token, { jsonrpc: '2.0', id: 1, method: 'tools/list' }))

test('made-up secrets end nothing, open nothing and create nothing', async () => {
  const victim = await (await Client.register()).signIn()
  await victim.openSession()
  await expectTokensWork(victim)
  const stranger = await Client.register()
  await shipEverything()
  const before = await everythingStored()
  for (const fields of attempts(victim, stranger)) {
    const { status, text } = await postToken(fields)
    expect(text).not.toContain('access_token')
    // RFC 7009 §2.2: revoking an unknown token succeeds.
    expect([400, 401]).toContain(fields['token'] === undefined ? status : 400)
    const token = fields['token'] ?? fields['code'] ?? fields['refresh_token'] ?? ''
    expect((await listTools(token)).status).toBe(401)
  }
  // The victim's audit log counts the bearers of their grant that did not fit: one event, however many there were.
  const denied = { type: 'call.denied', reason: 'bearer', count: expect.any(Number) }
  const events = [expect.objectContaining(denied)]
  expect(await everythingStored()).toEqual({ ...before, events })
  await expectTokensWork(victim)
})

test('real tokens in the hands of another client end nothing and bring nothing', async () => {
  const victim = await (await Client.register()).signIn()
  const spent = victim.tokens.refresh_token
  await expectTokensWork(victim)
  await expectTokensWork(victim)
  const unredeemed = await victim.login().toCode()
  const stranger = await Client.register()
  passSeconds(2 * MINUTE)
  await shipEverything()
  const before = await everythingStored()
  const pkce = { code_verifier: VERIFIER, redirect_uri: REDIRECT_URI }
  for (const fields of [
    { grant_type: 'refresh_token', refresh_token: victim.tokens.refresh_token },
    { grant_type: 'refresh_token', refresh_token: spent },
    { grant_type: 'authorization_code', code: unredeemed, ...pkce },
    { token: victim.tokens.refresh_token },
    { token: victim.tokens.access_token },
    { token: spent },
  ]) {
    for (const client_id of [stranger.id, 'nobody']) {
      const { text } = await postToken({ client_id, ...fields })
      expect(text).not.toContain('access_token')
    }
  }
  expect(await everythingStored()).toEqual(before)
  await expectTokensWork(victim)
})
