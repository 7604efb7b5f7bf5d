import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { LOOKS, startChromium, takeShot } from '#harness/chromium.ts'
import { requestStepUp } from '#harness/step-up.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()

const openConsent = async (): Promise<string> =>
  (await story.newClient()).authorize({ scope: 'todo:read todo:write' }).url.href
const openStepUp = async (): Promise<string> => (await requestStepUp(story)).link

const deciding = [
  ['the consent page', openConsent],
  ['the step-up page', openStepUp],
] as const

/** The position of a button, also while it is hidden. */
async function centreOf(page: Page, name: string): Promise<{ x: number; y: number }> {
  const box = await page.locator(`button:text-is("${name}")`).boundingBox()
  if (box === null) throw new Error(`no button ${name}`)
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

/** Counts submissions by any button and cancels them. */
const COUNT_SUBMITS = `addEventListener('submit', (event) => {
  event.preventDefault()
  globalThis.submits = (globalThis.submits ?? 0) + 1
}, true)`
const submits = async (page: Page) => Number(await page.evaluate('globalThis.submits ?? 0'))

/** A page with paused animations, so that no test depends on time. */
async function openStill(chromium: Browser, url: string, options: BrowserContextOptions = {}) {
  const context = await chromium.newContext({ viewport: { width: 900, height: 1400 }, ...options })
  await context.addInitScript(COUNT_SUBMITS)
  const page = await context.newPage()
  await standStill(page)
  await page.goto(url)
  return page
}

async function standStill(page: Page): Promise<void> {
  const devTools = await page.context().newCDPSession(page)
  await devTools.send('Animation.enable')
  await devTools.send('Animation.setPlaybackRate', { playbackRate: 0 })
}

/** Sets the current time of all animations of a page. */
const setAge = (page: Page, ms: number) =>
  page.evaluate(`for (const one of document.getAnimations()) one.currentTime = ${ms}`)

/** Advances all animations of a page. */
const age = (page: Page, ms: number) =>
  page.evaluate(`for (const one of document.getAnimations()) one.currentTime += ${ms}`)

test.for(
  deciding.flatMap(([name, open]) =>
    (['no-preference', 'reduce'] as const).map((motion) => [name, motion, open] as const),
  ),
)('an early click on %s decides nothing, a later one does (motion: %s)', async ([, motion, open]) => {
  await using chromium = await startChromium()
  const page = await openStill(chromium, await open(), { reducedMotion: motion })
  for (const button of ['Approve', 'Deny']) {
    const { x, y } = await centreOf(page, button)
    for (const ms of [0, 250, 990]) {
      await setAge(page, ms)
      await page.mouse.click(x, y, { clickCount: 2 })
      expect([button, ms, await submits(page)]).toEqual([button, ms, 0])
    }
  }
  await setAge(page, 1010)
  const { x, y } = await centreOf(page, 'Approve')
  await page.mouse.click(x, y)
  expect(await submits(page)).toBe(1)
})

test.for(deciding)('no early key decides anything on %s', async ([, open]) => {
  await using chromium = await startChromium()
  const page = await openStill(chromium, await open())
  const focused = () => page.evaluate('document.activeElement?.value ?? ""')
  for (let step = 0; step < 6; step += 1) {
    await page.keyboard.press('Tab')
    expect(await focused()).not.toMatch(/^(?:approve|deny)$/)
    // Enter follows a link, which decides nothing.
    if ((await page.evaluate('document.activeElement?.tagName')) !== 'A') await page.keyboard.press('Enter')
  }
  expect(await submits(page)).toBe(0)
  await setAge(page, 1010)
  const reached: unknown[] = []
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press('Tab')
    reached.push(await focused())
  }
  expect(reached).toContain('deny')
  expect(reached).toContain('approve')
})

test.for(deciding)(
  'the second click of a double click that lands on %s decides nothing',
  async ([, open]) => {
    await using chromium = await startChromium()
    const page = await openStill(chromium, await open())
    // Another window covered the page and has just closed: the pointer is over the button at once.
    await setAge(page, 60_000)
    const { x, y } = await centreOf(page, 'Approve')
    await page.mouse.click(x, y, { clickCount: 2 })
    expect(await submits(page)).toBe(0)
    await setAge(page, 60_000)
    await page.mouse.click(x, y)
    expect(await submits(page)).toBe(1)
  },
)

test.for(deciding)('rapid clicks decide nothing on %s, however many', async ([, open]) => {
  await using chromium = await startChromium()
  const page = await openStill(chromium, await open())
  await setAge(page, 60_000)
  const { x, y } = await centreOf(page, 'Approve')
  // Three clicks a second, as in a game on a covering window: each one restarts the wait.
  for (let click = 0; click < 6; click += 1) {
    await page.mouse.click(x, y)
    await age(page, 330)
  }
  expect(await submits(page)).toBe(0)
  await age(page, 330)
  await page.mouse.click(x, y)
  expect(await submits(page)).toBe(1)
})

test.for(deciding)('a press without a movement before it decides nothing on %s', async ([, open]) => {
  await using chromium = await startChromium()
  const page = await openStill(chromium, await open())
  await setAge(page, 60_000)
  const at = { ...(await centreOf(page, 'Approve')), button: 'left', clickCount: 1 } as const
  const devTools = await page.context().newCDPSession(page)
  // A window comes to the front under a resting pointer.
  await devTools.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...at })
  await devTools.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...at })
  expect(await submits(page)).toBe(0)
})

test('no address scrolls a page that decides, by name or by its text', async () => {
  await using chromium = await startChromium()
  for (const [, open] of deciding) {
    const url = await open()
    const page = await openStill(chromium, 'about:blank', { viewport: { width: 390, height: 400 } })
    for (const fragment of [
      'caution',
      'next',
      'new',
      'has',
      'scope-2',
      ':~:text=Approve',
      ':~:text=Continue%20only',
    ]) {
      await page.goto('about:blank')
      await page.goto(`${url}#${fragment}`)
      expect([fragment, await page.evaluate('scrollY')]).toEqual([fragment, 0])
      expect([fragment, await page.evaluate('document.activeElement?.tagName')]).toEqual([fragment, 'BODY'])
    }
  }
})

test('a window that opened a step-up or the own page has no hold on it', async () => {
  await using chromium = await startChromium()
  const url = await openStepUp()
  for (const [address, isHeld] of [
    [url, false],
    [`${story.origin}/me`, false],
    // A web client may keep a reference to the popup of its login, so only the buttons protect there.
    [await openConsent(), true],
  ] as const) {
    const page = await (await chromium.newContext()).newPage()
    await page.goto(story.emulatorOrigin)
    const opened = page.waitForEvent('popup')
    await page.evaluate(`void (globalThis.held = open(${JSON.stringify(address)}))`)
    const popup = await opened
    await popup.waitForLoadState()
    expect([address, await popup.evaluate('opener !== null')]).toEqual([address, isHeld])
  }
})

test('on the own page no early click ends anything', async () => {
  await using chromium = await startChromium()
  const user = story.newUser()
  const clients = await Promise.all(['One', 'Two'].map((client_name) => story.newClient({ client_name })))
  for (const client of clients) await story.signInWith(client, { user })
  const context = await chromium.newContext({ viewport: { width: 900, height: 1600 } })
  const page = await context.newPage()
  await page.goto(`${story.origin}/me`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel(/username/i).fill(user.username)
  await page.getByLabel(/password/i).fill(user.password)
  await page.locator('form').first().getByRole('button').first().click()
  await page.waitForURL(`${story.origin}/me`)
  await context.addInitScript(COUNT_SUBMITS)
  await standStill(page)
  await page.reload()
  // Opening the question is no answer to it: its button waits from then on.
  await page.getByText('End all access').click()
  for (const button of ['End all', 'Sign out of PingOne']) {
    const { x, y } = await centreOf(page, button)
    await page.mouse.click(x, y, { clickCount: 2 })
    expect([button, await submits(page)]).toEqual([button, 0])
  }
  await setAge(page, 1010)
  const { x, y } = await centreOf(page, 'End all')
  await page.mouse.move(x, y)
  await setAge(page, 1010)
  await page.mouse.click(x, y)
  expect(await submits(page)).toBe(1)
})

test('what the buttons look like while they wait and afterwards', async () => {
  await using chromium = await startChromium()
  for (const [name, open] of deciding)
    for (const { name: look, options } of LOOKS) {
      const page = await openStill(chromium, await open(), options)
      const shot = name.replaceAll(' ', '-')
      await takeShot(page, `${shot}-waiting-${look}`, 'allow')
      const waiting = await page.locator('.decision').boundingBox()
      await setAge(page, 1010)
      await takeShot(page, `${shot}-armed-${look}`, 'allow')
      // Their appearance shifts no layout.
      expect(await page.locator('.decision').boundingBox()).toEqual(waiting)
    }
})
