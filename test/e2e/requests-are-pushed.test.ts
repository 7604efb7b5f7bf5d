import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { OAuthClient, tokensIn } from '#harness/oauth-client.ts'
import { OwnPage } from '#harness/own-page.ts'
import { continueSignIn, signIn } from '#harness/sign-in.ts'
import { callToolStateless } from '#harness/transport.ts'
import { answerStepUp, requestStepUp } from '#harness/step-up.ts'
import { storyContext } from '#harness/story.ts'
import { startWorld, type World } from '#harness/world.ts'

// One system with two strict settings: PINGONE_PAR=on, with a PingOne that accepts only pushed requests (RFC 9126),
// and CLIENT_ADMISSION=known (decision 16). The shared systems have neither, like `npm start`.
let world: World
const story = () => storyContext(world.addresses)

beforeAll(async () => {
  world = await startWorld({ settings: { PINGONE_PAR: 'on', CLIENT_ADMISSION: 'known' } })
  await story().emulator.set({ parRequired: true })
})
afterEach(() => story().emulator.set({ faults: null }))
afterAll(() => world[Symbol.asyncDispose]())

test('a user signs in, and the browser never held what was asked', async () => {
  const client = await story().newClient()
  const { tokens } = await story().signInWith(client)
  expect((await callToolStateless(client, tokens.access_token, 'whoAmI')).status).toBe(200)
  const [authorize, par] = ['authorize', 'par'].map(async (endpoint) =>
    (await story().emulator.state()).timeline.find((entry) => entry.endpoint === endpoint),
  )
  expect(Object.keys((await authorize)?.asked ?? {})).toEqual(['client_id', 'request_uri'])
  expect((await par)?.asked).toMatchObject({ mcp_client_name: 'Story client', mcp_client_host: 'localhost' })
})

test.each([
  ['markup', '</strong><script>x()</script>', 'strong script x() script'],
  ['a template', 'Claude{{global.parameters.x}}', 'Claude global.parameters.x'],
  ['turned around', 'Claude\u202egnp.exe', 'Claudegnp.exe'],
  ['quotes', `" onload='x()' & more`, 'onload x() more'],
  ['pictures alone', '😀🔒', 'an app without a name'],
  ['a name of another writing', '待办事项 हिन्दी', '待办事项 हिन्दी'],
])('the flow is told who asks as plain text: %s', async (_what, client_name, shown) => {
  const client = await story().newClient({ client_name })
  const { page } = await signIn(new Browser(), client.authorize().url, {
    user: story().newUser(),
    stopBefore: 'api-consent',
  })
  expect(page.text).toContain(`for ${shown}, at localhost`)
  const pushed = (await story().emulator.state()).timeline.find(({ endpoint }) => endpoint === 'par')
  expect(pushed?.asked['mcp_client_name']).toBe(shown)
})

test('a step-up tells the flow who asks for more; a sign-in to /me has nobody to name', async () => {
  const pushed = async () =>
    (await story().emulator.state()).timeline.find(({ endpoint }) => endpoint === 'par')?.asked
  const { link, user, client, tokens } = await requestStepUp(story(), { name: '<b>More</b> please' })
  const { page } = await signIn(new Browser(), link, { user, stopBefore: 'api-consent' })
  expect(page.text).toContain('for b More b please, at localhost')
  expect(await pushed()).toMatchObject({
    mcp_client_host: 'localhost',
    scope: expect.stringContaining('write'),
  })
  await answerStepUp(link, user)
  expect(tokensIn(await client.refresh(tokens.refresh_token ?? '')).scope).toContain('todo:write')

  await OwnPage.signIn(story().origin, user)
  expect(await pushed()).not.toHaveProperty('mcp_client_name')
})

test.each(['503', '429', 'html', 'malformed', 'reset-like'])(
  'a PAR endpoint that answers %s loses no login: "Try again" leads on',
  async (fault) => {
    const { client, browser, page, verifier } = await story().openConsent()
    await story().emulator.set({ faults: { par: fault } })
    const outage = await browser.decide(page, 'approve')
    expect([outage.status, outage.next]).toEqual([503, undefined])
    expect(outage.text).toContain('Your sign-in was not lost')
    await story().emulator.set({ faults: null })
    const onward = await browser.decide(outage, 'approve')
    const { answer } = await continueSignIn(browser, onward, client.redirectUri)
    tokensIn(await client.redeem(answer?.get('code') ?? '', verifier))
  },
)

test('a PingOne that refuses us there is for the operator: the client hears server_error, the log the code', async () => {
  const { client, browser, page } = await story().openConsent()
  await story().emulator.set({ faults: { par: 'invalid_client' } })
  const refused = await browser.decide(page, 'approve')
  expect(refused.next?.href.startsWith(client.redirectUri)).toBe(true)
  expect(refused.next?.searchParams.get('error')).toBe('server_error')
  await expect.poll(() => story().logs('mcp')).toMatch(/login\.refused.*misconfigured.*invalid_client/)
})

test('a pushed request is good for one browser and one use', async () => {
  const { browser, page } = await story().openConsent()
  const onward = await browser.decide(page, 'approve')
  const address = onward.next ?? ''
  expect((await new Browser().open(new URL(address))).status).toBe(303)
  expect((await browser.open(new URL(address))).status).toBe(400)
})

// The admitted clients.

const local = 'http://localhost:33418/done'

test('a client on this computer registers, signs in and works', async () => {
  const client = await story().newClient()
  const { tokens } = await story().signInWith(client)
  const again = await client.refresh(tokens.refresh_token ?? '')
  expect(again.status).toBe(200)
  const answer = await client.mcp(
    { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    { authorization: `Bearer ${tokens.access_token}` },
  )
  expect(answer.status).not.toBe(401)
})

test('an address on the web that nobody admitted is a page, also where it was registered beside a local one', async () => {
  const stranger = 'https://evil.example/callback'
  const client = await story().newClient({ redirect_uris: [local, stranger] })
  const page = await new Browser().open(client.authorize({ redirect_uri: stranger }).url)
  expect(page).toMatchObject({ status: 403, next: undefined, forms: [] })
  expect(page.text).toContain('This app is not admitted here')
  const alone = new OAuthClient(story().mcpUrl)
  await alone.discover()
  await expect(alone.register({ redirect_uris: [stranger] })).rejects.toThrow('invalid_redirect_uri')
  await expect.poll(() => story().logs('mcp')).toContain('"client.not-admitted"')
})

test('a document that nobody admitted is a page, and /token knows no such client', async () => {
  const client = await story().newClient()
  const document = 'https://claude.ai.evil.example/oauth/mcp-oauth-client-metadata'
  const page = await new Browser().open(client.authorize({ client_id: document }).url)
  expect(page).toMatchObject({ status: 403, next: undefined })
  const answer = await client.refresh('x:y:z', { client_id: document })
  expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
})
