import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { type Findings, findWithAxe, LOOKS, startChromium, takeShot } from '#harness/chromium.ts'
import { OperatorSignIn } from '#harness/operator.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
const { origin } = story

const openConsent = async (page: Page) => {
  const { url } = (await story.newClient()).authorize({ scope: 'todo:read todo:write' })
  await page.goto(url.href)
}
const decide = async (page: Page, button: string) => {
  await openConsent(page)
  await page.getByRole('button', { name: button }).click()
}

const operatePage = () => new OperatorSignIn(origin).address().href

/** Each page with its heading and how to reach it. */
const PAGES: readonly [string, string | RegExp, (page: Page) => Promise<unknown>][] = [
  ['home page', 'Connect a client', (page) => page.goto(origin)],
  ['consent page', / wants to read and change your todos$/, openConsent],
  ['page on the way to PingOne', 'Taking you to PingOne…', (page) => decide(page, 'Approve')],
  ['page on the way to the client', 'Taking you back to your app…', (page) => decide(page, 'Deny')],
  ['page of operators', 'Sign in the command line?', (page) => page.goto(operatePage())],
  [
    'page on the way to the command line',
    'Taking you back to the command line…',
    async (page) => {
      await page.goto(operatePage())
      await page.getByRole('button', { name: 'Deny' }).click()
    },
  ],
  [
    'message page of operators',
    'This link does not work',
    (page) => page.goto(`${origin}/operate/authorize?client_id=nobody`),
  ],
  ['message page', 'This link does not work', (page) => page.goto(`${origin}/authorize?client_id=nobody`)],
]

test.for(PAGES)(
  'axe has nothing to say about the %s, light or dark, small or large',
  async ([name, heading, open]) => {
    await using chromium = await startChromium()
    const context = await chromium.newContext({ reducedMotion: 'reduce' })
    // A 204 keeps the browser on its page, so redirecting pages stay open.
    await context.route(
      (url) => url.origin !== origin,
      (route) => route.fulfill({ status: 204 }),
    )
    const page = await context.newPage()
    await open(page)
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    // The heading appears before the stylesheet is loaded.
    await page.waitForLoadState()
    expect(await page.evaluate('document.styleSheets.length')).toBe(1)
    const found: [string, Findings][] = []
    for (const { name: look, options } of LOOKS) {
      await page.emulateMedia({ colorScheme: options.colorScheme ?? null })
      if (options.viewport) await page.setViewportSize(options.viewport)
      await takeShot(page, `${name.replaceAll(' ', '-')}-${look}`)
      found.push([look, await findWithAxe(page)])
    }
    expect(found).toEqual(LOOKS.map(({ name: look }) => [look, []]))
  },
)
