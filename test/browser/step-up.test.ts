import { expect, test } from 'vitest'
import { type Findings, findWithAxe, LOOKS, startChromium, takeShot } from '#harness/chromium.ts'
import { tokensIn } from '#harness/oauth-client.ts'
import { addTodo, requestStepUp } from '#harness/step-up.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
const { origin } = story

test.for(['with', 'without'])('in Chromium a step-up goes through %s JavaScript', async (javaScript) => {
  await using chromium = await startChromium()
  const { client, tokens, user, link } = await requestStepUp(story)
  const context = await chromium.newContext({ javaScriptEnabled: javaScript === 'with' })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())))
  await page.goto(link)
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByLabel(/username/i).fill(user.username)
  await page.getByLabel(/password/i).fill(user.password)
  await page.locator('form').first().getByRole('button').first().click()
  // The emulator remembers earlier consent and asks only for new scopes.
  await page.getByRole('button', { name: /allow/i }).first().click()
  await page.getByRole('heading', { level: 1, name: 'The app may do more now' }).waitFor()
  const next = tokensIn(await client.refresh(tokens.refresh_token ?? ''))
  expect((await addTodo(client, next.access_token)).status).toBe(200)
  expect(problems).toEqual([])
})

test('the first button is the one that says no', async () => {
  await using chromium = await startChromium()
  const { link, user } = await requestStepUp(story)
  const page = await (await chromium.newContext()).newPage()
  await page.goto(link)
  await page.getByRole('button', { name: 'Deny' }).waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Nothing was changed' }).waitFor()
  // The click was anonymous, so the request stays open until its user decides.
  await page.getByRole('button', { name: 'Sign in and end the link' }).click()
  await page.getByLabel(/username/i).fill(user.username)
  await page.getByLabel(/password/i).fill(user.password)
  await page.locator('form').first().getByRole('button').first().click()
  await page.getByRole('heading', { level: 1, name: 'The link has ended' }).waitFor()
  expect((await page.goto(link))?.status()).toBe(404)
})

test('axe has nothing to say about the step-up page, light or dark, small or large, and it fits', async () => {
  await using chromium = await startChromium()
  const { link } = await requestStepUp(story, { name: 'An app with a long name that it chose for itself' })
  const context = await chromium.newContext({ reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(link)
  await page
    .getByRole('heading', {
      level: 1,
      name: /^Allow An app with a long name that it chose.* to change your todos\?$/,
    })
    .waitFor()
  await page.waitForLoadState()
  expect(await page.evaluate('document.styleSheets.length')).toBe(1)
  expect(page.url().startsWith(origin)).toBe(true)
  const found: [string, Findings][] = []
  for (const { name, options } of LOOKS) {
    await page.emulateMedia({ colorScheme: options.colorScheme ?? null })
    if (options.viewport) await page.setViewportSize(options.viewport)
    await takeShot(page, `step-up-${name}`)
    const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
    expect(width).toBeLessThanOrEqual(options.viewport?.width ?? 0)
    found.push([name, await findWithAxe(page)])
  }
  expect(found).toEqual(LOOKS.map(({ name }) => [name, []]))
})
