import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { findWithAxe, LOOKS, startChromium, takeShot } from '#harness/chromium.ts'
import { callToolStateless } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'
import type { User } from '#harness/users.ts'

const story = storyContext()
const { origin } = story

const LONG =
  'A name that goes on and on, as long as one may be, and says that it was verified by PingOne itself'

/** A user with three grants, one of them ended, and a client with the longest possible name. */
async function newAccount() {
  const names = ['Claude', LONG, 'Ended']
  const clients = await Promise.all(names.map((client_name) => story.newClient({ client_name })))
  const [claude, long, ended] = clients
  if (claude === undefined || long === undefined || ended === undefined) throw new Error('no clients')
  const first = await story.signInWith(claude, { asked: 'todo:read todo:write' })
  const { user } = first
  await story.signInWith(long, { user })
  await ended.revoke((await story.signInWith(ended, { user })).tokens.refresh_token ?? '')
  return { user, claude, tokens: first.tokens }
}

async function signInAtPage(page: Page, { username, password }: User) {
  await page.goto(`${origin}/me`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel(/username/i).fill(username)
  await page.getByLabel(/password/i).fill(password)
  await page.locator('form').first().getByRole('button').first().click()
  await page.waitForURL(`${origin}/me`)
}

test.for([true, false])(
  'in Chromium a user ends what acts for them (JavaScript: %s)',
  async (javaScriptEnabled) => {
    await using chromium = await startChromium()
    const { user, claude, tokens } = await newAccount()
    const page = await (await chromium.newContext({ javaScriptEnabled })).newPage()
    const problems: string[] = []
    page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())))
    await signInAtPage(page, user)
    await page.locator('.grant', { hasText: '“Claude”' }).getByRole('button', { name: /^End/ }).click()
    await page.getByText('You ended it.').waitFor()
    expect(new URL(page.url()).hash).toMatch(/^#grant-/)
    expect((await callToolStateless(claude, tokens.access_token, 'listTodos')).status).toBe(401)
    await page.getByRole('button', { name: 'Sign out of PingOne' }).click()
    await page.getByText('You are signed off').waitFor()
    await page.goto(`${origin}/me`)
    await page.getByRole('button', { name: 'Sign in' }).waitFor()
    expect(problems).toEqual([])
  },
)

test('axe has nothing to say about the page and what leads to it, light or dark, small or large', async () => {
  await using chromium = await startChromium()
  const { user } = await newAccount()
  const page = await (await chromium.newContext({ reducedMotion: 'reduce' })).newPage()
  const found: unknown[] = []
  const look = async (what: string) => {
    for (const { name, options } of LOOKS) {
      await page.emulateMedia({ colorScheme: options.colorScheme ?? null })
      if (options.viewport) await page.setViewportSize(options.viewport)
      await takeShot(page, `${what}-${name}`)
      const isTooWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
      found.push([what, name, isTooWide, await findWithAxe(page)])
    }
  }
  await page.goto(`${origin}/me`)
  await look('me-signed-out')
  await signInAtPage(page, user)
  await look('me')
  await page.getByText('End all access').click()
  await look('me-end-all')
  await page.getByRole('button', { name: 'End all' }).click()
  await page.getByText('No app can use').waitFor()
  await look('me-all-ended')
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByText('You are signed out').waitFor()
  await look('me-done')
  expect(found).toEqual(found.map((one) => [...(Array.isArray(one) ? one.slice(0, 2) : []), false, []]))
  expect(found).toHaveLength(5 * LOOKS.length)
})

test('times are those of the reader, with UTC on hover, and UTC alone without JavaScript', async () => {
  await using chromium = await startChromium()
  const { user } = await newAccount()
  const timesOf = async (javaScriptEnabled: boolean) => {
    const context = await chromium.newContext({ javaScriptEnabled, timezoneId: 'Asia/Tokyo' })
    const page = await context.newPage()
    await signInAtPage(page, user)
    const time = page.locator('.grant-use time').first()
    const at = new Date((await time.getAttribute('datetime')) ?? '')
    return { at, text: await time.textContent(), title: await time.getAttribute('title') }
  }
  const written = (at: Date, timeZone: string) =>
    new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(at)
  const { at, text, title } = await timesOf(true)
  expect([text, title]).toEqual([written(at, 'Asia/Tokyo'), `${written(at, 'UTC')} UTC`])
  const plain = await timesOf(false)
  expect([plain.text, plain.title]).toEqual([`${written(plain.at, 'UTC')} UTC`, null])
})
