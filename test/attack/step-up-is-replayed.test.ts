import { afterEach, expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { addTodo, approve, requestStepUp, returning, scopeAfterRefresh } from '#harness/step-up.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
afterEach(() => story.emulator.reset())

test('an approval that another browser began, or PingOne’s answer to it, is worth nothing here', async () => {
  const asking = await requestStepUp(story)
  const attacker = new Browser()
  const home = await returning(attacker, await approve(attacker, asking.link), asking.user)
  // Login CSRF: the victim opens the attacker's callback.
  const victim = await new Browser().open(home)
  expect([victim.status, victim.title]).toEqual([400, 'This sign-in does not work'])
  expect(await scopeAfterRefresh(asking)).toBe('todo:read')
})

test('an answer of PingOne’s counts for what it was begun for: not for another request, and not for a login', async () => {
  const [one, two] = [await requestStepUp(story), await requestStepUp(story)]
  const browser = new Browser()
  const home = await returning(browser, await approve(browser, one.link), one.user)
  const away = new Browser()
  const other = await returning(away, await approve(away, two.link), two.user)
  const crossed = new URL(home)
  crossed.searchParams.set('code', other.searchParams.get('code') ?? '')
  expect((await browser.open(crossed)).status).toBeGreaterThanOrEqual(400)
  const atCallback = new URL(other)
  atCallback.pathname = '/callback'
  expect((await away.open(atCallback)).status).toBe(400)
  expect([await scopeAfterRefresh(one), await scopeAfterRefresh(two)]).toEqual(['todo:read', 'todo:read'])
})

test('neither a link nor an answer is good twice', async () => {
  const asking = await requestStepUp(story)
  const browser = new Browser()
  const home = await returning(browser, await approve(browser, asking.link), asking.user)
  const cookies = browser.cookies.header(home)
  expect((await browser.open(home)).title).toBe('The app may do more now')
  const replay = await fetch(home, { headers: { cookie: cookies }, redirect: 'manual' })
  expect(replay.status).toBeGreaterThanOrEqual(400)
  expect((await browser.open(asking.link)).status).toBe(404)
  expect(await scopeAfterRefresh(asking)).toBe('todo:read todo:write')
})

test('an approval whose grant ended meanwhile changes nothing and leaves no token at PingOne', async () => {
  const asking = await requestStepUp(story)
  const browser = new Browser()
  const home = await returning(browser, await approve(browser, asking.link), asking.user)
  await asking.client.revoke(asking.tokens.refresh_token ?? '')
  expect((await browser.open(home)).status).toBe(404)
  expect((await addTodo(asking.client, asking.tokens.access_token)).status).toBe(401)
  await expect
    .poll(async () =>
      (await story.emulator.state()).families.some(
        ({ username, alive }) => username === asking.user.username && alive,
      ),
    )
    .toBe(false)
})
