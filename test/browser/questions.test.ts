import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { startChromium, takeShot } from '#harness/chromium.ts'
import { requestStepUp } from '#harness/step-up.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
const LONG = 'A name that goes on and on, as long as one may be, and says PingOne verified it'

const openConsent = async (client_name = 'Claude Code') =>
  (await story.newClient({ client_name })).authorize({ scope: 'todo:read todo:write' }).url.href
const openStepUp = async (name = 'Claude Code') => (await requestStepUp(story, { name })).link

const QUESTIONS = [
  ['consent', openConsent],
  ['step-up', openStepUp],
] as const
const SIZES = [
  { width: 375, height: 667 },
  { width: 768, height: 1024 },
  { width: 1440, height: 900 },
]

/** Whether the whole button is inside the window without scrolling. */
const isInWindow = async (page: Page, name: string) => {
  const box = await page.getByRole('button', { name }).boundingBox()
  const height = page.viewportSize()?.height ?? 0
  return box !== null && box.y >= 0 && box.y + box.height <= height
}

test.for(QUESTIONS)(
  'the %s page fits small and large screens, also with a long name, and on a phone its buttons are in view',
  async ([what, open]) => {
    await using chromium = await startChromium()
    const page = await (await chromium.newContext({ reducedMotion: 'reduce' })).newPage()
    for (const name of ['Claude Code', LONG]) {
      await page.goto(await open(name))
      for (const colorScheme of ['light', 'dark'] as const)
        for (const size of SIZES) {
          await page.emulateMedia({ colorScheme })
          await page.setViewportSize(size)
          await page.getByRole('button', { name: 'Approve' }).waitFor()
          const isTooWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
          expect([size.width, name, isTooWide]).toEqual([size.width, name, false])
          if (name !== LONG) await takeShot(page, `${what}-${size.width}-${colorScheme}`)
          const next = page.getByText('You sign in with PingOne').filter({ visible: true })
          expect([size.width, await next.count()]).toEqual([size.width, size.width < 704 ? 0 : 1])
          if (size.width > 704) continue
          expect(await isInWindow(page, 'Deny')).toBe(true)
          expect(await isInWindow(page, 'Approve')).toBe(true)
        }
    }
  },
)

test('with the keyboard alone a user unticks a scope, reads what is folded away and decides', async () => {
  await using chromium = await startChromium()
  const page = await (await chromium.newContext({ viewport: { width: 375, height: 667 } })).newPage()
  await page.goto(await openConsent())
  await page.getByRole('button', { name: 'Approve' }).waitFor()
  const write = page.getByRole('checkbox', { name: 'Add, change and delete your todos' })
  await page.keyboard.press('Tab')
  await page.keyboard.press('Space')
  expect(await write.isChecked()).toBe(false)
  // Past the two buttons.
  for (let step = 0; step < 3; step += 1) await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText('Names of these permissions here').waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText('What the tools return goes').filter({ visible: true }).waitFor()
  for (let step = 0; step < 2; step += 1) await page.keyboard.press('Shift+Tab')
  expect(await page.evaluate('document.activeElement?.value')).toBe('approve')
  await page.context().route(
    (url) => url.origin !== story.origin,
    (route) => route.fulfill({ status: 204 }),
  )
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Taking you to PingOne…' }).waitFor()
})

test('what has the focus is never under the buttons that stay in view', async () => {
  await using chromium = await startChromium()
  for (const [, open] of QUESTIONS) {
    const page = await (await chromium.newContext({ viewport: { width: 375, height: 667 } })).newPage()
    await page.goto(await open())
    await page.getByRole('button', { name: 'Approve' }).waitFor()
    for (let step = 0; step < 4; step += 1) {
      await page.keyboard.press('Tab')
      const isCovered = await page.evaluate(`(() => {
        const focused = document.activeElement
        const bar = document.querySelector('.deciding')
        if (focused === document.body || bar.contains(focused)) return false
        const [one, other] = [focused, bar].map((element) => element.getBoundingClientRect())
        return one.bottom > other.top && one.top < other.bottom
      })()`)
      expect([step, isCovered]).toEqual([step, false])
    }
  }
})
