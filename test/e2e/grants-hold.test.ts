import { afterEach, expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { tokensIn } from '#harness/oauth-client.ts'
import { signIn } from '#harness/sign-in.ts'
import { callToolStateless, openSession } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
afterEach(() => story.emulator.reset())

test('fifty refreshes of one token at once leave every caller with the same working pair', async () => {
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client)
  const replies = await Promise.all(
    Array.from({ length: 50 }, () => client.refresh(tokens.refresh_token ?? '')),
  )
  const pairs = replies.map((reply) => tokensIn(reply))
  expect(new Set(pairs.map(({ access_token }) => access_token)).size).toBe(1)
  expect(new Set(pairs.map(({ refresh_token }) => refresh_token)).size).toBe(1)
  const [pair] = pairs
  expect((await callToolStateless(client, pair?.access_token ?? '', 'listTodos')).status).toBe(200)
  const next = tokensIn(await client.refresh(pair?.refresh_token ?? ''))
  // The late retry gets the others' tokens, which were rotated meanwhile; they work once more.
  const late = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  expect(late.refresh_token).toBe(pair?.refresh_token)
  expect(tokensIn(await client.refresh(late.refresh_token ?? '')).refresh_token).toBe(next.refresh_token)
})

test('a repeat that asks for something else, or comes from another client, changes nothing', async () => {
  const client = await story.newClient()
  const other = await story.newClient()
  const { tokens } = await story.signInWith(client, { asked: 'todo:read todo:write' })
  const pair = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  expect((await client.refresh(tokens.refresh_token ?? '', { scope: 'todo:read' })).body).toMatchObject({
    error: 'invalid_grant',
  })
  expect((await other.refresh(tokens.refresh_token ?? '')).body).toMatchObject({ error: 'invalid_grant' })
  const [user = '', grant = ''] = tokens.access_token.split(':')
  for (const secret of ['x'.repeat(32), 'A'.repeat(32)]) {
    expect((await client.refresh(`${user}:${grant}:${secret}`)).body).toMatchObject({
      error: 'invalid_grant',
    })
    expect((await client.revoke(`${user}:${grant}:${secret}`)).status).toBe(200)
  }
  expect((await callToolStateless(client, pair.access_token, 'listTodos')).status).toBe(200)
})

test('one code redeemed twenty times at once brings at most one pair, and that one has ended', async () => {
  const client = await story.newClient()
  const { url, verifier } = client.authorize()
  const { answer } = await signIn(new Browser(), url, { user: story.newUser() })
  const code = answer?.get('code') ?? ''
  const replies = await Promise.all(Array.from({ length: 20 }, () => client.redeem(code, verifier)))
  const good = replies.filter(({ status }) => status === 200)
  expect(good.length).toBeLessThanOrEqual(1)
  for (const reply of good) {
    expect((await callToolStateless(client, tokensIn(reply).access_token, 'listTodos')).status).toBe(401)
  }
})

test('what a client revokes ends here at once, says why, and ends at PingOne too', async () => {
  const client = await story.newClient()
  const { tokens, user } = await story.signInWith(client)
  const authorization = `Bearer ${tokens.access_token}`
  const session = await openSession(client, tokens.access_token)
  const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' }
  const inSession = () => client.mcp(list, { authorization, 'mcp-session-id': session })
  expect((await inSession()).status).toBe(200)
  const stream = await fetch(story.mcpUrl, {
    headers: { authorization, 'mcp-session-id': session, accept: 'text/event-stream' },
  })
  expect(stream.status).toBe(200)

  await client.revoke(tokens.refresh_token ?? '')
  const stateless = await callToolStateless(client, tokens.access_token, 'listTodos')
  expect([stateless.status, (await inSession()).status]).toEqual([401, 401])
  expect(JSON.stringify(stateless.body)).toContain('the client revoked it')
  expect(JSON.stringify((await client.refresh(tokens.refresh_token ?? '')).body)).toContain(
    'the client revoked it',
  )
  // The open stream ends by itself.
  expect(await stream.text()).not.toContain('result')
  await expect
    .poll(async () =>
      (await story.emulator.state()).families.filter(({ username }) => username === user.username),
    )
    .toMatchObject([{ alive: false, endedBecause: 'revoked' }])
})

test('a user who signs out at PingOne is out here at the next renewal, with every client', async () => {
  await story.emulator.set({ accessTokenSeconds: 30 })
  const client = await story.newClient()
  const { tokens, user } = await story.signInWith(client)
  await story.emulator.endSessions(user.username)
  const call = await callToolStateless(client, tokens.access_token, 'listTodos')
  expect(call.status).toBe(401)
  expect(JSON.stringify((await client.refresh(tokens.refresh_token ?? '')).body)).toContain(
    'the session at PingOne is over',
  )
})

test('PingOne being down or set up wrongly signs nobody out', async () => {
  await story.emulator.set({ accessTokenSeconds: 30 })
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client)
  for (const token of ['503', '429', 'html', 'invalid_client'] as const) {
    await story.emulator.set({ faults: { token } })
    const down = await callToolStateless(client, tokens.access_token, 'listTodos')
    expect([token, down.status, Number(down.headers.get('retry-after')) > 0]).toEqual([token, 503, true])
    expect((await client.refresh(tokens.refresh_token ?? '')).status).toBe(200)
  }
  await story.emulator.set({ faults: null })
  expect((await callToolStateless(client, tokens.access_token, 'listTodos')).status).toBe(200)
})
