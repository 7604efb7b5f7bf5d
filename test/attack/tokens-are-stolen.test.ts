import { expect, test } from 'vitest'
import { tokensIn } from '#harness/oauth-client.ts'
import { callToolStateless, openSession } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
const withBearer = (token: string) => ({ authorization: `Bearer ${token}` })

test('T04 a client’s token is good for /mcp alone: the API refuses it, and never sees it', async () => {
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client)
  const answer = await fetch(`${story.apiOrigin}/api/todos`, { headers: withBearer(tokens.access_token) })
  expect(answer.status).toBe(401)
  // whoAmI shows the downstream token: another token with another audience.
  const { body } = await callToolStateless(client, tokens.access_token, 'whoAmI')
  const told = JSON.stringify(body)
  expect(told).not.toContain(tokens.access_token)
  expect(told).toContain('thumbprint')
})

test('T05 a session id opens nothing for another user or client, and does them no harm', async () => {
  const client = await story.newClient()
  const [mine, theirs] = [await story.signInWith(client), await story.signInWith(client)]
  const session = { 'mcp-session-id': await openSession(client, mine.tokens.access_token) }
  const statusFor = async (token: string) =>
    (await client.mcp(ping, { ...withBearer(token), ...session })).status
  expect(await statusFor(theirs.tokens.access_token)).toBe(404)
  // A session id does not authenticate.
  expect((await client.mcp(ping, session)).status).toBe(401)
  expect(await statusFor(mine.tokens.access_token)).toBe(200)
})

test('T17 a refresh token that comes twice brings the same answer, and no second pair', async () => {
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client)
  const first = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  const again = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  // A retry gets the same tokens, never a second pair.
  expect(again.refresh_token).toBe(first.refresh_token)
  expect(again.access_token).toBe(first.access_token)
})

test('T18 a refresh token stolen within its window brings no more than its owner has, and only to its client', async () => {
  const [client, thief] = [await story.newClient(), await story.newClient()]
  const { tokens } = await story.signInWith(client)
  const spent = tokens.refresh_token ?? ''
  const pair = tokensIn(await client.refresh(spent))
  const stolen = await thief.refresh(spent)
  expect([stolen.status, stolen.body]).toMatchObject([400, { error: 'invalid_grant' }])
  const wider = await client.refresh(spent, { scope: 'todo:read todo:write' })
  expect(JSON.stringify(wider.body)).not.toContain('todo:write')
  // The owner's grant is unaffected.
  expect((await callToolStateless(client, pair.access_token, 'whoAmI')).status).toBe(200)
})

test('T36 a token of this server for another resource, or in another place, opens nothing', async () => {
  const client = await story.newClient()
  const { url } = client.authorize({ resource: 'https://other.example/mcp' })
  const answer = await fetch(url, { redirect: 'manual' })
  expect(answer.headers.get('location') ?? '').not.toContain('code=')
  const { tokens } = await story.signInWith(client)
  for (const address of [
    `${story.mcpUrl}?access_token=${tokens.access_token}`,
    `${story.mcpUrl}?token=${tokens.access_token}`,
  ]) {
    expect((await fetch(address, { method: 'POST', body: JSON.stringify(ping) })).status).toBe(401)
  }
  for (const scheme of ['Basic', 'DPoP', 'bearer bearer']) {
    const { status } = await client.mcp(ping, { authorization: `${scheme} ${tokens.access_token}` })
    expect([scheme, status]).toEqual([scheme, 401])
  }
})

test('T37 what was revoked is over at once, and a code ends with its tokens when it comes twice', async () => {
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client)
  expect((await client.revoke(tokens.refresh_token ?? '')).status).toBe(200)
  expect((await client.mcp(ping, withBearer(tokens.access_token))).status).toBe(401)
  const late = await client.refresh(tokens.refresh_token ?? '')
  expect([late.status, late.body]).toMatchObject([400, { error: 'invalid_grant' }])
})
