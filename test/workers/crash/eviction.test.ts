import { evictDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { callTool, Client, codeIn, tokensIn } from './client.ts'
import { callsOf, userOf } from './checks.ts'
import { families, switches } from '../pingone.ts'
import { writes } from '../todo-api.ts'

// The platform evicts idle objects. Unlike a crash, an eviction waits for running work.
test('an object that was taken out of memory knows grant, stored answer, encrypted tokens and calls', async () => {
  const client = await Client.register()
  switches.accessTokenSeconds = 200
  const code = codeIn(await client.callback(await client.signIn('evicted')))
  switches.accessTokenSeconds = 3600
  const first = tokensIn(await client.redeem(code))
  const evict = () => evictDurableObject(userOf(first))
  await evict()
  const second = tokensIn(await client.refresh(first.refresh_token))
  await evict()
  // The stored answer, for a client that missed it.
  expect(tokensIn(await client.refresh(first.refresh_token)).refresh_token).toBe(second.refresh_token)
  await evict()
  // PingOne's access token has expired, so the encrypted refresh token is decrypted and redeemed.
  expect((await callTool(second.access_token, 'addTodo', { text: 'evicted' })).text).toContain('evicted')
  await evict()
  expect((await callTool(second.access_token, 'listTodos')).status).toBe(200)
  await evict()
  expect(writes.filter(({ text }) => text === 'evicted')).toHaveLength(1)
  expect(await callsOf(first)).toMatchObject([
    { tool: 'addTodo', outcome: 'done' },
    { tool: 'listTodos', outcome: 'done' },
  ])
  expect(families.filter(({ subject }) => subject === 'evicted')).toMatchObject([{ isAlive: true }])
})

test('what ended stays ended in an object that was taken out of memory', async () => {
  const client = await Client.register()
  const tokens = tokensIn(await client.redeem(codeIn(await client.callback(await client.signIn('ended')))))
  await client.revoke(tokens.refresh_token)
  await evictDurableObject(userOf(tokens))
  const call = await callTool(tokens.access_token, 'listTodos')
  expect([call.status, call.text]).toEqual([401, expect.stringContaining('the client revoked it')])
})
