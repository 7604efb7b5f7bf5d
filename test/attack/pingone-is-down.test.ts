import { afterAll, beforeAll, expect, test } from 'vitest'
import { Browser, type Page } from '#harness/browser.ts'
import { tokensIn } from '#harness/oauth-client.ts'
import { continueSignIn, signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'
import { startWorld, type World } from '#harness/world.ts'

// A separate system, which has not yet cached PingOne's addresses and keys. The order of the stories
// matters: the first discovery caches the addresses, the first login the keys.
let world: World
const story = () => storyContext(world.addresses)
const HOME = 'http://localhost:33418/done'

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const setFault = async (endpoint: string, fault: string | null) =>
  story().emulator.set({ faults: { [endpoint]: fault } })

const consentPage = () => story().openConsent({ scope: 'todo:read todo:write' })

function expectOutage(page: Page, retryAfter = '5') {
  expect({ status: page.status, next: page.next, retry: page.headers.get('retry-after') }).toEqual({
    status: 503,
    next: undefined,
    retry: retryAfter,
  })
  expect(page.text).toContain('Your sign-in was not lost')
  expect(page.forms[0]?.buttons.map(({ value }) => value)).toEqual(['approve', 'leave'])
  expect(page.markup).not.toMatch(/Correlation|Bad Gateway|temporarily|REQUEST_LIMITED/)
}

const PASSING = [
  ['500', '5'],
  ['503', '5'],
  ['429', '1'],
  ['html', '5'],
  ['malformed', '5'],
  ['reset-like', '5'],
] as const

test('before it was ever reached: each failure is a page whose form is still good, and the first one too', async () => {
  const { browser, page, client, verifier } = await consentPage()
  let outage = page
  for (const [fault, retryAfter] of PASSING) {
    await setFault('discovery', fault)
    outage = await browser.decide(outage, 'approve')
    expectOutage(outage, retryAfter)
    expectOutage(await browser.decide(page, 'approve'), retryAfter)
  }
  await setFault('discovery', null)
  const onward = await browser.decide(outage, 'approve')
  const end = await continueSignIn(browser, onward, HOME, {
    user: story().newUser(),
    stopBefore: 'sign-on',
  })
  expect(end.stage).toBe('sign-on')
  // The ticked scopes stay ticked.
  expect(onward.next?.searchParams.get('scope')).toBe('openid profile email todo:read todo:write')
  expect(client.clientId + verifier).not.toBe('')
})

// From here on the addresses are cached; a restart clears them.
test('silence is bounded, redirects lead nowhere, and one who does not want to wait goes home', async () => {
  await world.restart('mcp')
  const { browser, page, state } = await consentPage()
  await setFault('discovery', 'hang')
  const outage = await browser.decide(page, 'approve')
  expectOutage(outage)
  const home = await browser.decide(outage, 'leave')
  expect(home.status).toBe(200)
  expect(Object.fromEntries(home.next?.searchParams ?? [])).toEqual({
    error: 'temporarily_unavailable',
    error_description: 'The sign-in could not be finished just now',
    state,
    iss: story().origin,
  })
  expect((await browser.decide(page, 'approve')).status).toBe(503)
  await setFault('discovery', null)
  // The consent was consumed by leaving the page.
  expect((await browser.decide(page, 'approve')).status).toBe(400)
}, 60_000)

test('T13 a discovery that redirects is not followed, and tells the client', async () => {
  await world.restart('mcp')
  const { browser, page, state } = await consentPage()
  const before = (await story().emulator.state()).counts
  await setFault('discovery', 'redirect')
  const home = await browser.decide(page, 'approve')
  await setFault('discovery', null)
  expect(Object.fromEntries(home.next?.searchParams ?? [])).toMatchObject({ error: 'server_error', state })
  const { counts } = await story().emulator.state()
  expect(counts['userinfo']).toBe(before['userinfo'])
  await expect.poll(() => story().logs('mcp')).toContain('"detail":"discovery status 307"')
}, 60_000)

/** A login whose callback fails at PingOne; "try again" then succeeds. */
async function outageAtCallback(endpoint: string, fault: string) {
  const { client, url, verifier } = await consentPage()
  const browser = new Browser()
  const user = story().newUser()
  const end = await signIn(browser, url, { user, scopes: ['todo:read'], stopBefore: 'callback' })
  await setFault(endpoint, fault)
  const outage = await browser.onward(end.page)
  await setFault(endpoint, null)
  return { client, browser, outage, verifier, user }
}

test.for([
  ['jwks', '500'],
  ['jwks', 'html'],
  ['jwks', 'malformed'],
  ['jwks', 'redirect'],
  ['jwks', 'reset-like'],
  ...PASSING.map(([fault]) => ['token', fault] as const),
  ['token', 'redirect'],
] as const)(
  '%s answers with %s at the callback: "try again" signs in with what was approved',
  async ([endpoint, fault]) => {
    const before = (await story().emulator.state()).counts['userinfo']
    const { client, browser, outage, verifier, user } = await outageAtCallback(endpoint, fault)
    expectOutage(outage, fault === '429' ? '1' : '5')
    expect((await story().emulator.state()).counts['userinfo']).toBe(before)
    // With cached keys the later stories of this table would test nothing.
    if (endpoint === 'jwks' && fault !== 'reset-like') return
    const end = await continueSignIn(browser, outage503as200(outage), HOME, { user })
    const tokens = tokensIn(await client.redeem(end.answer?.get('code') ?? '', verifier))
    expect(tokens.scope).toBe('todo:read')
  },
)

/** Presses "Try again": stageOf sees an error page, but its form is a consent. */
const outage503as200 = (page: Page): Page => ({ ...page, status: 200 })

test('after an outage at the callback one may go home too', async () => {
  const { browser, outage } = await outageAtCallback('token', '503')
  const home = await browser.decide(outage, 'leave')
  expect(home.next?.searchParams.get('error')).toBe('temporarily_unavailable')
  expect(home.next?.searchParams.get('iss')).toBe(story().origin)
})

test.for([
  ['invalid_client', 'error'],
  ['invalid_grant', 'warn'],
] as const)(
  'a token endpoint that says %s ends the login at the client, and is an %s in the log',
  async ([fault, level]) => {
    const { outage } = await outageAtCallback('token', fault)
    expect(outage.next?.searchParams.get('error')).toBe('server_error')
    expect(outage.next?.searchParams.has('code')).toBe(false)
    const reason = fault === 'invalid_client' ? 'misconfigured' : 'dead'
    await expect
      .poll(() => story().logs('mcp'))
      .toMatch(
        new RegExp(`"level":"${level}","event":"login.refused","incident":"\\w+","reason":"${reason}"`),
      )
  },
)

test('with nobody at PingOne at all the pages say so, and an answer is never a 500', async () => {
  await world.kill9('pingone')
  await world.restart('mcp')
  const { browser, page } = await consentPage()
  expectOutage(await browser.decide(page, 'approve'))
  await world.restart('pingone')
  expect((await browser.decide(page, 'approve')).next?.href).toContain(story().issuer)
}, 60_000)
