import { createServer } from 'node:http'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { LOOKS, startChromium, takeShot } from '#harness/chromium.ts'
import { OAuthClient, tokensIn } from '#harness/oauth-client.ts'
import { sharedWorld } from '#harness/shared-world.ts'

const { mcpUrl, origin } = sharedWorld()

/** A client that listens at its loopback redirect URI. */
async function waitingClient() {
  const server = createServer((_request, response) => response.end('You can close this page.'))
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const client = new OAuthClient(mcpUrl, { redirectUri: `http://localhost:${address.port}/done` })
  await (await client.discover()).register({ client_name: 'Browser story' })
  return { client, [Symbol.asyncDispose]: async () => void server.close() }
}

// Two users, because the emulator remembers consent.
test.for([
  ['with', 'ada'],
  ['without', 'bob'],
] as const)('in Chromium a login goes through %s JavaScript', async ([javaScript, username]) => {
  await using chromium = await startChromium()
  await using waiting = await waitingClient()
  const { client } = waiting
  const context = await chromium.newContext({ javaScriptEnabled: javaScript === 'with' })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && problems.push(message.text())))
  const { url, verifier } = client.authorize({ scope: 'todo:read todo:write' })
  await page.goto(url.href)
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByLabel(/username/i).fill(username)
  await page.getByLabel(/password/i).fill('demo')
  await page.locator('form').first().getByRole('button').first().click()
  await page.getByRole('button', { name: /allow/i }).first().click()
  await page.waitForURL(`${client.redirectUri}**`)
  const code = new URL(page.url()).searchParams.get('code') ?? ''
  expect(tokensIn(await client.redeem(code, verifier)).scope).toBe('todo:read todo:write')
  expect(problems).toEqual([])
})

test('saying no in Chromium goes home to the client', async () => {
  await using chromium = await startChromium()
  await using waiting = await waitingClient()
  const page = await (await chromium.newContext()).newPage()
  await page.goto(waiting.client.authorize().url.href)
  await page.getByRole('button', { name: 'Deny' }).click()
  await page.waitForURL(`${waiting.client.redirectUri}**`)
  expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
})

test.for(LOOKS)(
  'the consent page and the first page fit and load whole: $name',
  async ({ name, options }) => {
    await using chromium = await startChromium()
    await using waiting = await waitingClient()
    const page = await (await chromium.newContext(options)).newPage()
    const failed: string[] = []
    page.on('requestfailed', (request) => failed.push(request.url()))
    for (const [what, url] of [
      ['consent', waiting.client.authorize({ scope: 'todo:read todo:write' }).url.href],
      ['home', origin],
    ] as const) {
      await page.goto(url)
      const [inner, outer] = [
        await page.evaluate('document.documentElement.scrollWidth'),
        options.viewport?.width,
      ]
      expect(inner).toBeLessThanOrEqual(outer ?? 0)
      expect(await page.evaluate('document.styleSheets.length')).toBe(1)
      await takeShot(page, `${what}-${name}`)
    }
    expect(failed).toEqual([])
  },
)
