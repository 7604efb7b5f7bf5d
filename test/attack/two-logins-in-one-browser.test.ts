import { expect, test } from 'vitest'
import { Browser } from '#harness/browser.ts'
import { tokensIn } from '#harness/oauth-client.ts'
import { continueSignIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()

test.for([
  ['of one client', 'in order', false, false],
  ['of one client', 'in reverse', false, true],
  ['of two clients', 'in order', true, false],
  ['of two clients', 'in reverse', true, true],
] as const)('two logins %s, answered %s, both succeed', async ([, , isTwoClients, isReverse]) => {
  const first = await story.newClient()
  const second = isTwoClients ? await story.newClient({ client_name: 'Another' }) : first
  const browser = new Browser()
  const user = story.newUser()
  const begun = [first, second].map((client) => ({ client, ...client.authorize() }))
  // Both pages open before either form is sent, and both forms are sent before PingOne answers.
  const pages = []
  for (const { url } of begun) pages.push(await browser.open(url))
  const sent = []
  for (const page of pages) sent.push(await browser.decide(page, 'approve'))
  const order = isReverse ? [1, 0] : [0, 1]
  for (const at of order) {
    const [login, page] = [begun[at], sent[at]]
    if (login === undefined || page === undefined) throw new Error('no login')
    const { answer } = await continueSignIn(browser, page, login.client.redirectUri, { user })
    expect(answer?.get('state')).toBe(login.state)
    expect(tokensIn(await login.client.redeem(answer?.get('code') ?? '', login.verifier)).scope).toBe(
      'todo:read',
    )
  }
})

test('one request that is opened in two tabs works in both, and each code is its own', async () => {
  const client = await story.newClient()
  const { url, verifier } = client.authorize()
  const browser = new Browser()
  const user = story.newUser()
  const tabs = [await browser.open(url), await browser.open(url)]
  const codes = []
  for (const tab of tabs.toReversed()) {
    const { answer } = await continueSignIn(
      browser,
      await browser.decide(tab, 'approve'),
      client.redirectUri,
      {
        user,
      },
    )
    codes.push(answer?.get('code') ?? '')
  }
  for (const code of codes) expect((await client.redeem(code, verifier)).status).toBe(200)
  expect(new Set(codes).size).toBe(2)
})

test('denying in one tab leaves the other one alone', async () => {
  const client = await story.newClient()
  const { url } = client.authorize()
  const browser = new Browser()
  const [left, right] = [await browser.open(url), await browser.open(url)]
  const denied = await continueSignIn(browser, left, client.redirectUri, { decision: 'deny' })
  expect(denied.answer?.get('error')).toBe('access_denied')
  const { answer } = await continueSignIn(
    browser,
    await browser.decide(right, 'approve'),
    client.redirectUri,
    {
      user: story.newUser(),
    },
  )
  expect(answer?.has('code')).toBe(true)
})
