import { expect, test } from 'vitest'
import { openSession } from '#harness/transport.ts'
import { connectMcp, type Connected, withSignIn } from '#harness/mcp-clients.ts'
import { newUser } from '#harness/users.ts'
import { mcpHeaders } from '#harness/messages.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()

const textsOf = (answer: { structuredContent?: unknown }): unknown => answer.structuredContent

test('two users with two clients each, on both transports and interleaved, see their own todos alone', async () => {
  const [ada, bob] = [newUser('ada'), newUser('bob')]
  const connect = async (kind: 'sdk-v1' | 'sdk-v2-2026', user: typeof ada) => {
    const connection = await connectMcp(kind, story.mcpUrl, { signIn: { user }, keepsRefreshTokens: false })
    // The first write triggers the step-up, so the rounds below have every permission.
    await withSignIn(connection, () => connection.callTool('addTodo', { text: `${user.username} begins` }))
    return connection
  }
  await using adaStateful = await connect('sdk-v1', ada)
  await using bobStateful = await connect('sdk-v1', bob)
  await using adaStateless = await connect('sdk-v2-2026', ada)
  await using bobStateless = await connect('sdk-v2-2026', bob)
  const sessions: [Connected, string][] = [
    [adaStateful, ada.username],
    [bobStateful, bob.username],
    [adaStateless, ada.username],
    [bobStateless, bob.username],
  ]
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(
      sessions.map(([session, name]) => session.callTool('addTodo', { text: `${name} round ${round}` })),
    )
  }
  const lists = await Promise.all(
    [...sessions, ...sessions].map(async ([session, name]) => ({
      name,
      list: await session.callTool('listTodos'),
    })),
  )
  for (const { name, list } of lists) {
    const other = name === ada.username ? bob.username : ada.username
    const text = JSON.stringify(textsOf(list))
    expect(text).toContain('"total":12')
    expect(text).not.toContain(other)
  }
  const names = await Promise.all(
    sessions.map(async ([session]) => (await session.callTool('whoAmI')).content),
  )
  expect(new Set(names.map((content) => JSON.stringify(content))).size).toBeGreaterThan(1)
})

const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' }

test('a session id under the bearer of another user, or client, does not exist and changes nothing', async () => {
  const client = await story.newClient()
  const otherClient = await story.newClient()
  const ada = await story.signInWith(client)
  const bob = await story.signInWith(client)
  const adaElsewhere = await story.signInWith(otherClient, { user: ada.user, browser: ada.browser })
  const session = await openSession(client, ada.tokens.access_token)
  const ask = (token: string, id: string, method = 'POST') =>
    fetch(story.mcpUrl, {
      method,
      headers: mcpHeaders(token, { 'mcp-session-id': id }),
      ...(method === 'POST' ? { body: JSON.stringify(list) } : {}),
    })
  const statusOf = async (...args: Parameters<typeof ask>) => {
    const response = await ask(...args)
    await response.body?.cancel()
    return response.status
  }

  for (const stranger of [bob.tokens.access_token, adaElsewhere.tokens.access_token]) {
    for (const method of ['POST', 'GET', 'DELETE']) {
      expect([method, await statusOf(stranger, session, method)]).toEqual([method, 404])
    }
  }
  // Not the last character: some of its bits are unused.
  const altered = session.replace(/\.(.)/, (_dot, first) => `.${first === 'A' ? 'B' : 'A'}`)
  for (const made of [altered, session.split('.')[0] ?? '', 'x'.repeat(64)]) {
    expect(await statusOf(ada.tokens.access_token, made)).toBe(404)
  }
  expect(await statusOf(ada.tokens.access_token, session)).toBe(200)
  expect(await statusOf(ada.tokens.access_token, session, 'DELETE')).toBeLessThan(300)
  expect(await statusOf(ada.tokens.access_token, session)).toBe(404)
})

test('a bearer that this server did not make is 401 and touches nothing', async () => {
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client)
  const [user = '', grant = '', secret = ''] = tokens.access_token.split(':')
  const [name = '', key = '', mac = ''] = user.split('.')
  const made = [
    'garbage',
    `${user}:${grant}:${'x'.repeat(32)}`,
    `${name}.${key}.${mac.startsWith('A') ? 'B' : 'A'}${mac.slice(1)}:${grant}:${secret}`,
    `${'A'.repeat(22)}.${key}.${mac}:${grant}:${secret}`,
    tokens.refresh_token ?? '',
  ]
  for (const token of made) {
    const { status, headers } = await client.mcp(list, { authorization: `Bearer ${token}` })
    expect([token.length, status]).toEqual([token.length, 401])
    expect(headers.get('www-authenticate')).toContain('error="invalid_token"')
  }
  const inQuery = await fetch(`${story.mcpUrl}?access_token=${tokens.access_token}`, { method: 'POST' })
  expect(inQuery.status).toBe(401)
})
