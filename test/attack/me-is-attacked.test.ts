import { afterEach, expect, test } from 'vitest'
import { Browser, type Page } from '#harness/browser.ts'
import { OwnPage } from '#harness/own-page.ts'
import { continueSignIn, signIn } from '#harness/sign-in.ts'
import { callToolStateless } from '#harness/transport.ts'
import { requestStepUp } from '#harness/step-up.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
afterEach(() => story.emulator.reset())

const ORIGIN = new URL(story.origin)
const NO_SUCH = 'There is no such access'

/** A signed-in user with one live grant. */
async function signedInUser() {
  const client = await story.newClient()
  const signedIn = await story.signInWith(client)
  const me = await OwnPage.signIn(story.origin, signedIn.user, signedIn.browser)
  const [, grant = ''] = signedIn.tokens.access_token.split(':')
  const isAlive = async () =>
    (await callToolStateless(client, signedIn.tokens.access_token, 'listTodos')).status === 200
  return { ...signedIn, me, grant, isAlive, cookie: signedIn.browser.cookies.header(ORIGIN) }
}

const csrfOf = (me: OwnPage) => me.form('/me/end').fields.find(({ name }) => name === 'csrf')?.value ?? ''

const post = (
  path: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
) =>
  fetch(`${story.origin}${path}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers,
    redirect: 'manual',
  })

const FORMS = ['/me/end', '/me/sign-out', '/me/sign-out-of-pingone'] as const

test('T38 a form from elsewhere, without the cookie, or with another value does nothing', async () => {
  const { me, grant, isAlive, cookie } = await signedInUser()
  const csrf = csrfOf(me)
  const other = await OwnPage.signIn(story.origin, story.newUser())
  const ours = { origin: story.origin, 'sec-fetch-site': 'same-origin' }
  for (const path of FORMS) {
    const good = { grant, csrf }
    const refused = await Promise.all([
      post(path, good, { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }),
      post(path, good, { cookie, origin: 'null' }),
      post(path, good, { cookie, 'sec-fetch-site': 'same-site' }),
      post(path, good, ours),
      post(path, { grant }, { ...ours, cookie }),
      post(path, { grant, csrf: '' }, { ...ours, cookie }),
      post(path, { grant, csrf: 'x'.repeat(64) }, { ...ours, cookie }),
      // Values of another session and of another user.
      post(path, { grant, csrf: await csrfOfAnother(other) }, { ...ours, cookie }),
      fetch(`${story.origin}${path}`, {
        method: 'POST',
        body: JSON.stringify(good),
        headers: { ...ours, cookie, 'content-type': 'application/json' },
      }),
      fetch(`${story.origin}${path}`, {
        method: 'POST',
        body: new URLSearchParams([
          ['grant', grant],
          ['csrf', csrf],
          ['csrf', 'x'],
        ]),
        headers: { ...ours, cookie },
      }),
    ])
    expect([path, refused.map(({ status }) => status)]).toEqual([path, refused.map(() => 403)])
  }
  expect(await isAlive()).toBe(true)
  expect((await me.open()).text).toContain('You are signed in as')
})

const csrfOfAnother = async (other: OwnPage) =>
  other.form('/me/sign-out').fields.find(({ name }) => name === 'csrf')?.value ?? ''

test('a sign-in does not begin from another site, nor by a link', async () => {
  const before = (await story.emulator.state()).counts
  const elsewhere = await post('/me/sign-in', {}, { origin: 'https://evil.example' })
  expect(elsewhere.status).toBe(403)
  expect(elsewhere.headers.getSetCookie()).toEqual([])
  const link = await fetch(`${story.origin}/me/sign-in`, { redirect: 'manual' })
  expect([link.status, link.headers.get('allow')]).toEqual([405, 'POST'])
  // Not even to a user with a live PingOne session.
  const browser = new Browser()
  await story.signInWith(await story.newClient(), { browser })
  const page = await browser.open(`${story.origin}/me`)
  expect({ status: page.status, next: page.next }).toEqual({ status: 200, next: undefined })
  expect(before).toBeDefined()
})

test('a cookie from before a sign-in is worth nothing after it', async () => {
  const { me, user, browser, cookie } = await signedInUser()
  const signedIn = (headers: Record<string, string>) => fetch(`${story.origin}/me`, { headers })
  expect(await (await signedIn({ cookie })).text()).toContain('You are signed in as')
  await me.signInAs(user)
  expect(browser.cookies.header(ORIGIN)).not.toBe(cookie)
  expect(await (await signedIn({ cookie })).text()).not.toContain('You are signed in as')
  // A planted cookie: the sign-in replaces it, and the planted value stays useless.
  const planted = new Browser()
  const value = `__Host-me=${cookie.split('__Host-me=')[1]?.split('~')[0] ?? ''}~${'A'.repeat(43)}`
  planted.cookies.store(ORIGIN, new Headers({ 'set-cookie': `${value}; Path=/; Secure; HttpOnly` }))
  await OwnPage.signIn(story.origin, story.newUser(), planted)
  expect(planted.cookies.header(ORIGIN)).not.toContain('A'.repeat(43))
  expect(await (await signedIn({ cookie: value })).text()).not.toContain('You are signed in as')
})

test('whoever signs in where another user was signed in takes that session’s place', async () => {
  const { browser, cookie, grant } = await signedInUser()
  browser.cookies.clear()
  browser.cookies.store(
    ORIGIN,
    new Headers({
      'set-cookie': `${cookie.split('; ').find((one) => one.startsWith('__Host-me='))}; Path=/; Secure`,
    }),
  )
  const bob = await OwnPage.signIn(story.origin, story.newUser('bob'), browser)
  expect(bob.page.text).toContain('You are signed in as bob-')
  expect(bob.page.markup).not.toContain(grant)
  const replayed = await fetch(`${story.origin}/me`, { headers: { cookie } })
  expect(await replayed.text()).not.toContain('You are signed in as')
})

/** A sign-in before its callback, and the callback's URL. */
async function returning(browser = new Browser()) {
  const me = new OwnPage(story.origin, browser)
  const page = await me.returning(story.newUser())
  if (page.next === undefined) throw new Error('no way back')
  return { me, browser, page, callback: page.next }
}

const denialOf = ({ status, next, text }: Page) => [status, next, text.includes('This sign-in does not work')]

test('a state that was stolen works in no other browser, and the real one still comes home', async () => {
  const { browser, page, callback } = await returning()
  const thief = new Browser()
  expect(denialOf(await thief.open(callback))).toEqual([400, undefined, true])
  // The attacker's own sign-in does not help, even with its cookie renamed.
  const own = await returning(thief)
  expect(denialOf(await thief.open(callback))).toEqual([400, undefined, true])
  const named = (url: URL) => `__Host-sign-in-${(url.searchParams.get('state') ?? '').slice(0, 16)}`
  const [, encrypted = ''] = thief.cookies.header(ORIGIN).split(`${named(own.callback)}=`)
  const renamed = `${named(callback)}=${encrypted.split(';')[0]}`
  const forged = await fetch(callback, { headers: { cookie: renamed }, redirect: 'manual' })
  expect([forged.status, forged.headers.getSetCookie().some((one) => one.startsWith('__Host-me='))]).toEqual([
    400,
    false,
  ])
  expect((await browser.onward(page)).next?.pathname).toBe('/me')
})

test.for([
  ['no state', (p: URLSearchParams) => p.delete('state')],
  ['a made-up state', (p: URLSearchParams) => p.set('state', 'x'.repeat(43))],
  ['a state of 10 KB', (p: URLSearchParams) => p.set('state', 'x'.repeat(10_000))],
  ['two states', (p: URLSearchParams) => p.append('state', 'x'.repeat(43))],
  ['two codes', (p: URLSearchParams) => p.append('code', 'x')],
  ['two issuers', (p: URLSearchParams) => [1, 2].forEach(() => p.append('iss', story.issuer))],
] as const)('an answer with %s is refused, and the real one still works', async ([, change]) => {
  const { browser, page, callback } = await returning()
  const forged = new URL(callback)
  change(forged.searchParams)
  expect(denialOf(await browser.open(forged))).toEqual([400, undefined, true])
  expect((await browser.onward(page)).next?.pathname).toBe('/me')
})

test('a sign-in is used once, also by whoever kept its cookie and has another code for it', async () => {
  const { me, browser, page, callback } = await returning()
  const kept = browser.cookies.header(ORIGIN)
  expect((await browser.onward(page)).next?.pathname).toBe('/me')
  expect(denialOf(await browser.open(callback))).toEqual([400, undefined, true])
  // PingOne issues a second code for the same request in the same session.
  const again = await continueSignIn(
    browser,
    await browser.open(me.leaving ?? ''),
    `${story.origin}/signed-in`,
  )
  const second = await fetch(again.redirect ?? '', { headers: { cookie: kept }, redirect: 'manual' })
  expect(again.redirect?.searchParams.get('code')).not.toBe(callback.searchParams.get('code'))
  expect([second.status, (await second.text()).includes('This sign-in does not work')]).toEqual([400, true])
})

test('a login of a client does not end at our page, nor a sign-in of our page at a client', async () => {
  const browser = new Browser()
  const client = await story.newClient()
  const login = await signIn(browser, client.authorize().url, {
    user: story.newUser(),
    stopBefore: 'callback',
  })
  const callback = login.page.next ?? new URL('about:blank')
  const moved = new URL(`/signed-in${callback.search}`, story.origin)
  expect(denialOf(await browser.open(moved))).toEqual([400, undefined, true])
  const mine = await returning(browser)
  const toClient = await browser.open(new URL(`/callback${mine.callback.search}`, story.origin))
  expect([toClient.status, toClient.next]).toEqual([400, undefined])
  expect((await continueSignIn(browser, login.page, client.redirectUri)).answer?.has('code')).toBe(true)
  expect((await browser.onward(mine.page)).next?.pathname).toBe('/me')
})

test('a sign-in ends as what it was begun for: a step-up opens no page, and the page widens nothing', async () => {
  const asking = await requestStepUp(story)
  const { browser, user, link } = asking
  const named = (url: URL) => `__Host-sign-in-${(url.searchParams.get('state') ?? '').slice(0, 16)}`
  const encryptedOf = (url: URL) =>
    browser.cookies
      .header(ORIGIN)
      .split(`${named(url)}=`)[1]
      ?.split(';')[0] ?? ''
  // Both are open in one browser and return with each other's encrypted purpose.
  const page = await browser.open(link)
  const leaving = await browser.decide(page, 'approve')
  const stepUp = await continueSignIn(browser, leaving, `${story.origin}/signed-in`, { user })
  const me = new OwnPage(story.origin, browser)
  const mine = await me.returning(user)
  const [toStepUp, toMe] = [stepUp.redirect, mine.next]
  if (toStepUp === undefined || toMe === undefined) throw new Error('no way back')
  for (const [to, other] of [
    [toMe, toStepUp],
    [toStepUp, toMe],
  ] as const) {
    const cookie = `${named(to)}=${encryptedOf(other)}`
    const swapped = await fetch(to, { headers: { cookie }, redirect: 'manual' })
    expect([swapped.status, (await swapped.text()).includes('This sign-in does not work')]).toEqual([
      400,
      true,
    ])
  }
  const widened = await browser.onward(stepUp.page)
  expect(widened.text).toContain('The app may do more now')
  expect(browser.cookies.names(ORIGIN)).not.toContain('__Host-me')
  expect((await browser.onward(mine)).next?.pathname).toBe('/me')
})

test('T38 what is another user’s does not exist, just like what never was', async () => {
  const ada = await signedInUser()
  const bob = await signedInUser()
  const answers = []
  for (const grant of [ada.grant, 'A'.repeat(16), '', 'x', '../me', 'grant:x', 'x'.repeat(5_000), 'ALL'])
    answers.push(await bob.me.tryToEnd(grant))
  for (const { status, text } of answers) expect([status, text.includes(NO_SUCH)]).toEqual([404, true])
  // Identical, so that the answer does not reveal which one it was.
  expect(answers[0]?.markup).toBe(answers[1]?.markup)
  expect([await ada.isAlive(), await bob.isAlive()]).toEqual([true, true])
  const two = await post('/me/end', { csrf: csrfOf(bob.me) }, { cookie: bob.cookie, origin: story.origin })
  expect(two.status).toBe(404)
  // Bob's secret with Ada's session.
  const nameOf = (cookie: string) => /__Host-me=([^~]+)~/.exec(cookie)?.[1] ?? ''
  const mixed = bob.cookie.replace(nameOf(bob.cookie), nameOf(ada.cookie))
  expect(await (await fetch(`${story.origin}/me`, { headers: { cookie: mixed } })).text()).not.toContain(
    'You are signed in as',
  )
})

test.for([
  ['garbage', 'x'],
  ['a user that we never named', `${'A'.repeat(22)}.k1.${'A'.repeat(43)}~${'A'.repeat(43)}`],
  ['a secret of another length', `${'A'.repeat(22)}.k1.${'A'.repeat(43)}~${'A'.repeat(44)}`],
  ['ten kilobytes', 'x'.repeat(10_000)],
] as const)('a cookie of %s is as good as none', async ([, value]) => {
  const answer = await fetch(`${story.origin}/me`, { headers: { cookie: `__Host-me=${value}` } })
  expect([answer.status, (await answer.text()).includes('Sign in to see which apps')]).toEqual([200, true])
})

test('of two cookies of one name neither counts', async () => {
  const { cookie } = await signedInUser()
  const answer = await fetch(`${story.origin}/me`, { headers: { cookie: `${cookie}; __Host-me=x` } })
  expect(await answer.text()).not.toContain('You are signed in as')
})

test('no frame, no copy and no other site gets the page, and its cookie is of this host alone', async () => {
  const { me, browser, cookie } = await signedInUser()
  const header = (name: string) => me.page.headers.get(name)
  expect(header('content-security-policy')).toContain("frame-ancestors 'none'")
  expect(header('content-security-policy')).toContain("form-action 'self'")
  expect([header('x-frame-options'), header('cache-control')]).toEqual(['DENY', 'no-store'])
  const secret = cookie.split('~')[1] ?? ''
  expect(me.page.markup).not.toContain(secret)
  const { page } = await returning(browser)
  const back = await browser.onward(page)
  const set = back.headers.getSetCookie()
  const own = set.find((one) => one.startsWith('__Host-me='))
  expect(own).toMatch(/; Path=\/; Secure; HttpOnly; SameSite=Lax$/)
  expect(set.find((one) => one.startsWith('__Host-sign-in-'))).toContain('Max-Age=0')
  // The previous URL contains the code.
  expect([back.status, back.headers.get('referrer-policy'), back.headers.get('cache-control')]).toEqual([
    303,
    'no-referrer',
    'no-store',
  ])
})

test('a flow that was not ours, or a token that does not hold, signs nobody in', async () => {
  const switches = [{ idToken: 'wrong-acr' }, { idToken: 'wrong-nonce' }, { idToken: 'wrong-audience' }]
  for (const one of switches) {
    await story.emulator.set(one)
    const browser = new Browser()
    const page = await new OwnPage(story.origin, browser).signInAs(story.newUser())
    expect([one, page.status, page.text.includes('could not be verified')]).toEqual([one, 403, true])
    expect(browser.cookies.names(ORIGIN)).not.toContain('__Host-me')
    await story.emulator.reset()
  }
})

test('T10 a session at PingOne that is hours old opens no page: the user proves who they are', async () => {
  for (const freshSignOn of ['heeded', 'prompt-only'] as const) {
    const user = story.newUser()
    const me = await OwnPage.signIn(story.origin, user)
    me.page = await me.press('/me/sign-out')
    await story.emulator.set({ sessionAgeSeconds: 2 * 3600, freshSignOn })
    await me.open()
    const leaving = await me.browser.submit(me.page, me.form('/me/sign-in'))
    expect(leaving.next?.searchParams.get('max_age')).toBe('3600')
    const end = await continueSignIn(me.browser, leaving, 'urn:none', { user })
    expect([freshSignOn, end.stages.filter((stage) => stage === 'sign-on')]).toEqual([
      freshSignOn,
      ['sign-on'],
    ])
    expect([end.page.url.pathname, end.page.title]).toEqual([
      '/me',
      expect.stringContaining('Apps that can act'),
    ])
    expect(me.browser.cookies.names(ORIGIN)).toContain('__Host-me')
    await story.emulator.set({ sessionAgeSeconds: null, freshSignOn: null })
  }
})

test('T10 a flow that never asks anew opens no page', async () => {
  const user = story.newUser()
  const me = await OwnPage.signIn(story.origin, user)
  me.page = await me.press('/me/sign-out')
  await story.emulator.set({ sessionAgeSeconds: 2 * 3600, freshSignOn: 'ignored' })
  await me.open()
  const leaving = await me.browser.submit(me.page, me.form('/me/sign-in'))
  const { page } = await continueSignIn(me.browser, leaving, 'urn:none', { user })
  expect([page.status, page.title]).toEqual([403, 'PingOne did not ask you to sign in again'])
  expect(me.browser.cookies.names(ORIGIN)).not.toContain('__Host-me')
})

test('no secret of a page, a sign-in or PingOne is in the log', async () => {
  const { me, cookie, grant } = await signedInUser()
  await me.tryToEnd('A'.repeat(16), { csrf: 'x' })
  await me.end(grant)
  await me.press('/me/sign-out')
  const { callback } = await returning()
  await new Browser().open(callback)
  const code = callback.searchParams.get('code') ?? ''
  await expect.poll(() => story.logs('mcp')).toContain('"event":"sign-in.refused"')
  const log = story.logs('mcp')
  for (const event of ['account.form-refused', 'grant.ended', 'sign-in.completed'])
    expect(log).toContain(`"event":"${event}"`)
  for (const secret of [cookie.split('~')[1] ?? '', code, callback.searchParams.get('state') ?? ''])
    expect([secret.length > 10, log.includes(secret)]).toEqual([true, false])
  expect(log).not.toMatch(/eyJ[\w-]+\./)
})
