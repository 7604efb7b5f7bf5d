import { afterEach, expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { connectV1, connectV2, withSignIn } from '#harness/mcp-clients.ts'
import { tokensIn } from '#harness/oauth-client.ts'
import { addTodo, answerStepUp, requestStepUp, denyStepUp, linkIn } from '#harness/step-up.ts'
import { callMessage } from '#harness/messages.ts'
import { callToolStateless, openSession } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
afterEach(() => story.emulator.reset())

const ADD = callMessage('addTodo', { text: 'in a session' })

test('a user allows more by the link, and it counts at once, on both transports', async () => {
  const { client, tokens, user, browser, link, refused } = await requestStepUp(story, { name: 'Notes & Co' })
  expect(refused.status).toBe(403)
  expect(refused.headers.get('www-authenticate')).toContain('scope="todo:read todo:write"')
  const session = await openSession(client, tokens.access_token)
  const inSession = (token: string) =>
    client.mcp(ADD, { authorization: `Bearer ${token}`, 'mcp-session-id': session })
  // One request for both transports, even if a client asks again.
  expect(linkIn((await inSession(tokens.access_token)).body)).toBe(link)
  expect(linkIn((await addTodo(client, tokens.access_token)).body)).toBe(link)

  const page = await browser.open(link)
  expect(page.status).toBe(200)
  for (const text of [
    'Allow Notes & Co to change your todos?',
    'localhost',
    '“Notes & Co”',
    'not verified',
    'Add, change and delete your todos',
    'Continue only if you asked for this just now',
    'It asked',
    'The permission counts at once',
  ])
    expect(page.text).toContain(text)
  expect(page.text).toMatch(/on \d{1,2} \w+ \d{4}, \d\d:\d\d UTC/)

  const done = await answerStepUp(link, user, { browser })
  expect([done.status, done.title]).toEqual([200, 'The app may do more now'])
  // The earlier token too, because it had the whole grant (decision 22).
  expect(JSON.stringify((await addTodo(client, tokens.access_token)).body)).toContain('"total":1')
  expect((await inSession(tokens.access_token)).body).toContain('"total":2')
  const next = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  expect(next.scope).toBe('todo:read todo:write')
  expect(JSON.stringify((await addTodo(client, next.access_token)).body)).toContain('"total":3')
  // Repeating the refresh before that one gets its original answer.
  expect(tokensIn(await client.refresh(tokens.refresh_token ?? ''))).toMatchObject({
    access_token: next.access_token,
  })
  const later = tokensIn(await client.refresh(next.refresh_token ?? ''))
  expect(later.scope).toBe('todo:read todo:write')
  const me = await callToolStateless(client, later.access_token, 'whoAmI')
  expect(JSON.stringify(me.body)).toContain('todo:write')
})

test('PingOne is asked for all of the grant, and the tokens from before are revoked there', async () => {
  const { client, tokens, user, link } = await requestStepUp(story)
  // So short that the next call must refresh it; only the step-up's tokens can be refreshed then.
  await story.emulator.set({ accessTokenSeconds: 30 })
  await answerStepUp(link, user)
  await story.emulator.set({ accessTokenSeconds: null })
  const families = async () =>
    (await story.emulator.state()).families.filter(({ username }) => username === user.username)
  await expect
    .poll(async () => new Set((await families()).map(({ endedBecause }) => endedBecause)))
    .toEqual(new Set([null, 'revoked']))
  const next = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  expect((await addTodo(client, next.access_token)).status).toBe(200)
  expect((await families()).find(({ alive }) => alive)?.rotations).toBe(1)
})

test('an answer to a refresh that got lost around the step-up costs nobody their grant', async () => {
  const { client, tokens, user, link } = await requestStepUp(story)
  const lost = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  await answerStepUp(link, user)
  const repeated = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  expect(repeated).toMatchObject({ refresh_token: lost.refresh_token, scope: 'todo:read' })
  expect(tokensIn(await client.refresh(repeated.refresh_token ?? '')).scope).toBe('todo:read todo:write')
})

test('refreshes without end while the user approves: every one is answered, and the grant has it all', async () => {
  const { client, tokens, user, link } = await requestStepUp(story)
  let refresh = tokens.refresh_token ?? ''
  const scopes: (string | undefined)[] = []
  const approval = new AbortController()
  const loop = async () => {
    while (!approval.signal.aborted) {
      const answer = tokensIn(await client.refresh(refresh))
      scopes.push(answer.scope)
      refresh = answer.refresh_token ?? ''
    }
  }
  const refreshing = loop()
  await answerStepUp(link, user)
  approval.abort()
  await refreshing
  expect(scopes.length).toBeGreaterThan(3)
  const last = tokensIn(await client.refresh(refresh))
  expect(last.scope).toBe('todo:read todo:write')
  expect((await addTodo(client, last.access_token)).status).toBe(200)
})

test('SDK v1, which answers the challenge by a refresh, shows its model the link and heeds what came of it', async () => {
  const user = story.newUser()
  await using connection = await connectV1(story.mcpUrl, { signIn: { user, scopes: ['todo:read'] } })
  const refused = await connection.callTool('addTodo', { text: 'x' })
  expect(refused.isError).toBe(true)
  const link = linkIn(refused.content)
  expect(link).toContain(`${story.origin}/step-up/`)
  expect(linkIn((await connection.callTool('addTodo', { text: 'x' })).content)).toBe(link)
  await answerStepUp(link ?? '', user)
  const done = await connection.callTool('addTodo', { text: 'x' })
  expect(done.isError ?? false).toBe(false)
  expect(done.structuredContent).toMatchObject({ total: 1 })
})

test.for(['2025', '2026'] as const)(
  'SDK v2 in revision %s heeds the challenge itself: a sign-in of its own, and no link',
  async (revision) => {
    const user = story.newUser()
    const signIn = { user, scopes: ['todo:read'] }
    await using connection = await connectV2(story.mcpUrl, revision, { signIn })
    connection.provider.options = { user }
    const call = () => connection.callTool('addTodo', { text: 'x' })
    await expect(call()).rejects.not.toThrow(/step-up/)
    const done = await withSignIn(connection, async () => {
      await connection.finishSignIn()
      return call()
    })
    expect(done.structuredContent).toMatchObject({ total: 1 })
  },
)

test('who refuses on our page, or at PingOne, changes nothing; only who signs in to say no uses the request up', async () => {
  const { client, tokens, user, link } = await requestStepUp(story)
  const atPingOne = await answerStepUp(link, user, { apiDecision: 'deny' })
  expect([atPingOne.status, atPingOne.title]).toEqual([403, 'You did not sign in'])
  const less = await answerStepUp(link, user, { apiScopes: ['todo:read'] })
  expect([less.status, less.title]).toEqual([403, 'PingOne did not give the permission'])
  expect((await new Browser().open(link)).status).toBe(200)
  const here = await answerStepUp(link, user, { decision: 'deny' })
  expect([here.status, here.title]).toEqual([200, 'Nothing was changed'])
  expect((await new Browser().open(link)).status).toBe(200)
  expect((await denyStepUp(link, user)).title).toBe('The link has ended')
  expect((await new Browser().open(link)).status).toBe(404)
  const next = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  expect(next.scope).toBe('todo:read')
  // No new link: the model is told that the user denied.
  const again = await addTodo(client, next.access_token)
  expect([again.status, linkIn(again.body)]).toEqual([200, undefined])
  expect(JSON.stringify(again.body)).toContain('did not allow it')
})

test('PingOne down when the user approves leaves the request as it was', async () => {
  const { user, link } = await requestStepUp(story)
  await story.emulator.set({ faults: { token: '503' } })
  const down = await answerStepUp(link, user)
  expect(down.status).toBe(503)
  await story.emulator.set({ faults: null })
  const again = down.links.find(({ href }) => href.href === link)
  expect(again).toBeDefined()
  expect((await answerStepUp(link, user)).title).toBe('The app may do more now')
})
