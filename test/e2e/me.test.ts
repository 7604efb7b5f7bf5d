import { afterEach, expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { OwnPage } from '#harness/own-page.ts'
import { callToolStateless, openSession } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'
import type { OAuthClient } from '#harness/oauth-client.ts'

const story = storyContext()
afterEach(() => story.emulator.reset())

const LIST = { jsonrpc: '2.0', id: 2, method: 'tools/list' }

/** The statuses of one request on each transport; the session is already open. */
async function openBothTransports(client: OAuthClient, token: string) {
  const authorization = `Bearer ${token}`
  const session = await openSession(client, token)
  return async () => [
    (await callToolStateless(client, token, 'listTodos')).status,
    (await client.mcp(LIST, { authorization, 'mcp-session-id': session })).status,
  ]
}

test('a user sees which apps can act for them, and the one that they end is out at once, on both transports', async () => {
  const first = await story.newClient({ client_name: 'The first app' })
  const second = await story.newClient({ client_name: 'The second app' })
  const one = await story.signInWith(first, { asked: 'todo:read todo:write' })
  const two = await story.signInWith(second, { user: one.user, browser: one.browser })
  const transports = [
    await openBothTransports(first, one.tokens.access_token),
    await openBothTransports(second, two.tokens.access_token),
  ]
  const me = await OwnPage.signIn(story.origin, one.user, one.browser)
  expect(me.page.text).toContain(`You are signed in as ${one.user.username}`)
  const [, firstGrant = ''] = one.tokens.access_token.split(':')
  const listed = me.grant(firstGrant)
  for (const text of ['“The first app”', 'localhost', 'change and delete your todos'])
    expect(listed).toContain(text)
  expect(listed).toContain('within the last hour, 1 open session')
  for (const name of ['The second app', 'The first app'])
    expect(me.page.text).toContain(`“${name}”Access was sent to localhost this computer not verified`)

  const ended = await me.end(firstGrant)
  expect(await transports[0]?.()).toEqual([401, 401])
  expect(await transports[1]?.()).toEqual([200, 200])
  expect(ended.text).toContain('Earlier“The first app” localhostYou ended it.')
  // Idempotent.
  expect((await me.end(firstGrant)).text).toContain('You ended it.')
  expect((await callToolStateless(first, one.tokens.access_token, 'listTodos')).body).toMatchObject({
    error: { message: expect.stringContaining('the user ended it') },
  })
})

test('ending all of them ends every one, on both transports, at PingOne too, and nobody else’s', async () => {
  const client = await story.newClient()
  const mine = await story.signInWith(client)
  const mineAgain = await story.signInWith(client, { user: mine.user, browser: new Browser() })
  const others = await story.signInWith(client)
  const transports = await Promise.all(
    [mine, mineAgain, others].map(({ tokens }) => openBothTransports(client, tokens.access_token)),
  )
  const me = await OwnPage.signIn(story.origin, mine.user)
  const after = await me.end('all')
  expect(await Promise.all(transports.map((ask) => ask()))).toEqual([
    [401, 401],
    [401, 401],
    [200, 200],
  ])
  expect(after.text).toContain('No app can use the Todo API as you now')
  await expect
    .poll(async () => {
      const { families } = await story.emulator.state()
      const alive = families.filter((family) => family.alive).map(({ username }) => username)
      return [mine, others].map(({ user }) => alive.includes(user.username))
    })
    .toEqual([false, true])
})

test('the way to sign in is a button, with JavaScript or without, and it is all that the page has', async () => {
  const { forms, next, text } = await new Browser().open(`${story.origin}/me`)
  expect(next).toBeUndefined()
  expect(forms.map(({ action, method }) => [method, action.pathname])).toEqual([['post', '/me/sign-in']])
  expect(text).not.toContain('signed out')
})

test('a user without any grant may look, and sees an empty list', async () => {
  const me = await OwnPage.signIn(story.origin, story.newUser())
  expect(me.page.status).toBe(200)
  expect(me.page.text).toContain('No app can use the Todo API as you now')
  expect(me.page.text).not.toContain('Earlier')
})

test('the page asks PingOne for the user alone, and keeps none of its tokens', async () => {
  const user = story.newUser()
  await OwnPage.signIn(story.origin, user)
  const { timeline } = await story.emulator.state()
  const asked = timeline.findLast(({ endpoint }) => endpoint === 'authorize')?.asked['scope']
  expect(asked).toBe('openid profile email')
  await expect
    .poll(async () =>
      (await story.emulator.state()).families.filter(({ username }) => username === user.username),
    )
    .toMatchObject([{ alive: false, endedBecause: 'revoked' }])
})

test('signing out ends this browser’s page alone, and its cookie opens nothing any more', async () => {
  const client = await story.newClient()
  const { tokens, user, browser } = await story.signInWith(client)
  const me = await OwnPage.signIn(story.origin, user, browser)
  const elsewhere = await OwnPage.signIn(story.origin, user)
  const cookie = browser.cookies.header(new URL(story.origin))
  const out = await me.press('/me/sign-out')
  expect(out.text).toContain('You are signed out')
  expect(browser.cookies.names(new URL(story.origin))).not.toContain('__Host-me')
  const replayed = await fetch(`${story.origin}/me`, { headers: { cookie } })
  expect(await replayed.text()).toContain('You were signed out of this page')
  expect((await elsewhere.open()).text).toContain('You are signed in as')
  expect((await callToolStateless(client, tokens.access_token, 'listTodos')).status).toBe(200)
})

test('signing out of PingOne ends at once what came from that session there, and the session', async () => {
  const client = await story.newClient()
  const here = await story.signInWith(client)
  const elsewhere = await story.signInWith(client, { user: here.user, browser: new Browser() })
  const me = await OwnPage.signIn(story.origin, here.user, here.browser)
  const leaving = await me.press('/me/sign-out-of-pingone')
  expect(leaving.text).toContain('Signing you out of PingOne')
  // No token or other secret in a URL.
  expect(leaving.next?.href).toBe(`${story.issuer}/signoff`)
  const status = async ({ tokens }: typeof here) =>
    (await callToolStateless(client, tokens.access_token, 'listTodos')).status
  expect([await status(here), await status(elsewhere)]).toEqual([401, 200])
  const gone = await here.browser.onward(leaving)
  expect(gone.text).toContain('You are signed off')
  const { sessions } = await story.emulator.state()
  expect(sessions.filter(({ username }) => username === here.user.username)).toHaveLength(1)
  expect((await me.open()).text).toContain('Sign in to see which apps')
})

test('PingOne being away leaves everything as it was', async () => {
  const client = await story.newClient()
  const { tokens } = await story.signInWith(client)
  await story.emulator.set({ faults: { token: '503' } })
  const page = await new OwnPage(story.origin, new Browser()).signInAs(story.newUser())
  expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5'])
  expect(page.text).toContain('PingOne is not answering')
  expect((await callToolStateless(client, tokens.access_token, 'listTodos')).status).toBe(200)
})
