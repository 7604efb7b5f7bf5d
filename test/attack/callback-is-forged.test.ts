import { createHash } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { Browser, fieldOf, formOf, type Page } from '#harness/browser.ts'
import { continueSignIn, signIn } from '#harness/sign-in.ts'
import { expireStored } from '../support/stored-state.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
const HOME = 'http://localhost:33418/done'

afterEach(() => story.emulator.reset())

/** A login before its callback, and the callback's URL. */
async function loginBeforeCallback(browser = new Browser()) {
  const { url, state } = (await story.newClient()).authorize()
  const { page } = await signIn(browser, url, { user: story.newUser(), stopBefore: 'callback' })
  return { browser, page, state, callback: callbackOf(page) }
}

function callbackOf({ next }: Page): URL {
  if (next === undefined) throw new Error('no callback')
  return next
}

const withChange = (callback: URL, change: (parameters: URLSearchParams) => void): URL => {
  const url = new URL(callback)
  change(url.searchParams)
  return url
}

test.for([
  ['no state', (p: URLSearchParams) => p.delete('state')],
  ['an empty state', (p: URLSearchParams) => p.set('state', '')],
  ['a made-up state', (p: URLSearchParams) => p.set('state', 'x'.repeat(43))],
  ['a state of 10 KB', (p: URLSearchParams) => p.set('state', 'x'.repeat(10_000))],
  ['two states', (p: URLSearchParams) => p.append('state', 'x'.repeat(43))],
  ['the same state twice', (p: URLSearchParams) => p.append('state', p.get('state') ?? '')],
  ['two codes', (p: URLSearchParams) => p.append('code', 'x')],
  ['two errors', (p: URLSearchParams) => [1, 2].forEach(() => p.append('error', 'access_denied'))],
  ['two issuers', (p: URLSearchParams) => [1, 2].forEach(() => p.append('iss', story.issuer))],
] as const)('a callback with %s is a page, and the real one still works', async ([, change]) => {
  const { browser, page, callback } = await loginBeforeCallback()
  const forged = await browser.open(withChange(callback, change))
  expect({ status: forged.status, next: forged.next }).toEqual({ status: 400, next: undefined })
  expect(forged.text).toContain('Start again from your app')
  const end = await continueSignIn(browser, page, HOME)
  expect(end.answer?.toString()).toMatch(/^code=/)
})

test.for([
  ['neither code nor error', (p: URLSearchParams) => p.delete('code'), 'server_error'],
  ['an empty code', (p: URLSearchParams) => p.set('code', ''), 'server_error'],
  ['a made-up code', (p: URLSearchParams) => p.set('code', 'x'.repeat(8_000)), 'server_error'],
  ['a code and an error', (p: URLSearchParams) => p.set('error', 'access_denied'), 'access_denied'],
  ['an empty error', (p: URLSearchParams) => p.set('error', ''), 'server_error'],
  ['a code of another issuer', (p: URLSearchParams) => p.set('iss', 'https://evil.example'), 'server_error'],
] as const)('a callback with %s ends its login, at the client', async ([, change, error]) => {
  const { browser, callback, state } = await loginBeforeCallback()
  const { next } = await browser.open(withChange(callback, change))
  expect(Object.fromEntries(next?.searchParams ?? [])).toMatchObject({ error, state, iss: story.origin })
  expect(next?.searchParams.has('code')).toBe(false)
  expect((await browser.open(callback)).status).toBe(400)
})

test('T07 an error in the name of another issuer is not taken for the word of the user', async () => {
  const { browser, callback } = await loginBeforeCallback()
  const url = withChange(callback, (parameters) => {
    parameters.delete('code')
    parameters.set('error', 'access_denied')
    parameters.set('iss', 'https://evil.example')
  })
  expect((await browser.open(url)).next?.searchParams.get('error')).toBe('server_error')
})

test('T06 the code of a stranger in a login of mine ends it, and so does mine in a login of a stranger', async () => {
  const mine = await loginBeforeCallback()
  const theirs = await loginBeforeCallback()
  const swap = (into: URL, from: URL) =>
    withChange(into, (parameters) => parameters.set('code', from.searchParams.get('code') ?? ''))
  for (const { browser, callback, other } of [
    { ...mine, other: theirs.callback },
    { ...theirs, other: mine.callback },
  ]) {
    const { next } = await browser.open(swap(callback, other))
    expect(next?.searchParams.get('error')).toBe('server_error')
    expect(next?.searchParams.has('code')).toBe(false)
  }
})

test('T08 the handle of our form is no state, and a state is no handle of our form', async () => {
  const { browser, page, callback } = await loginBeforeCallback()
  const consent = await browser.open((await story.newClient()).authorize().url)
  const form = formOf(consent)
  const handle = fieldOf(consent, 'handle')
  expect((await browser.open(`${story.origin}/callback?code=x&state=${handle}`)).status).toBe(400)
  const state = callback.searchParams.get('state') ?? ''
  const press = { name: 'decision', value: 'approve' }
  const asHandle = await browser.submit(consent, form, { fill: { handle: state }, press })
  expect({ status: asHandle.status, next: asHandle.next }).toEqual({ status: 400, next: undefined })
  expect((await continueSignIn(browser, page, HOME)).answer?.has('code')).toBe(true)
})

/** The library's cookie, which is derived from the `state` or the handle alone. */
const libraryCookie = (kind: 'upstream' | 'consent', handle: string): string => {
  const hash = createHash('sha256').update(handle).digest('hex')
  return `__Host-oauth-${kind}-${hash.slice(0, 16)}=${hash}`
}

/** Opens the URL in another browser, with cookies derived from the URL. */
const openElsewhere = (url: URL, cookie: string): Promise<Response> =>
  fetch(url, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' })

test('T07 the address of a callback alone finishes no login elsewhere, and does not use it up', async () => {
  const { browser, page, callback } = await loginBeforeCallback()
  const known = libraryCookie('upstream', callback.searchParams.get('state') ?? '')
  const jar = browser.cookies.header(callback).split('; ')
  const ours = jar.filter((cookie) => cookie.startsWith('__Host-login-'))
  const secret = ours[0]?.split('=')[0] ?? '__Host-login-AAAAAAAAAAAAAAAA'
  for (const cookies of [
    known,
    `${known}; ${secret}=`,
    `${known}; ${secret}=${'A'.repeat(43)}`,
    `${known}; ${ours[0] ?? `${secret}=x`}; ${secret}=${'A'.repeat(43)}`,
    // A valid secret, but of another login in another browser.
    `${known}; ${(await loginBeforeCallback()).browser.cookies.header(callback)}`,
  ]) {
    const elsewhere = await openElsewhere(callback, cookies)
    expect([cookies.replaceAll(/=[^;]*/g, ''), elsewhere.status, elsewhere.headers.get('location')]).toEqual([
      cookies.replaceAll(/=[^;]*/g, ''),
      400,
      null,
    ])
    expect(await elsewhere.text()).toContain('Start again from your app')
  }
  expect(ours).toHaveLength(1)
  expect((await continueSignIn(browser, page, HOME)).answer?.has('code')).toBe(true)
})

test.for(['approve', 'leave', 'deny'])(
  'T08 a form of ours that is known elsewhere is not sent from there: %s',
  async (decision) => {
    const browser = new Browser()
    const client = await story.newClient()
    const page = await browser.open(client.authorize().url)
    const handle = fieldOf(page, 'handle')
    const elsewhere = await fetch(`${story.origin}/authorize`, {
      method: 'POST',
      headers: {
        cookie: libraryCookie('consent', handle),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ handle, decision }).toString(),
      redirect: 'manual',
    })
    expect([elsewhere.status, (await elsewhere.text()).includes('Start again from your app')]).toEqual([
      400,
      true,
    ])
    const end = await continueSignIn(browser, page, client.redirectUri, { user: story.newUser() })
    expect(end.answer?.has('code')).toBe(true)
  },
)

test('a login leaves no cookie of its own in the browser, however it ends', async () => {
  for (const change of [
    () => undefined,
    (p: URLSearchParams) => [p.delete('code'), p.set('error', 'access_denied')],
  ]) {
    const { browser, callback } = await loginBeforeCallback()
    await browser.open(withChange(callback, change))
    expect(browser.cookies.names(callback).filter((name) => /login|oauth/.test(name))).toEqual([])
  }
  const browser = new Browser()
  const client = await story.newClient()
  const { page } = await signIn(browser, client.authorize().url, { decision: 'deny' })
  expect(browser.cookies.names(page.url).filter((name) => /login|oauth/.test(name))).toEqual([])
})

test('T17 ten callbacks with one state at the same moment give at most one grant that works', async () => {
  const client = await story.newClient()
  const { url, verifier } = client.authorize()
  const browser = new Browser()
  const { page } = await signIn(browser, url, { user: story.newUser(), stopBefore: 'callback' })
  const pages = await Promise.all(Array.from({ length: 10 }, () => browser.onward(page)))
  const codes = pages.flatMap(({ next }) => next?.searchParams.get('code') ?? [])
  const redeemed = await Promise.all(codes.map((code) => client.redeem(code, verifier)))
  expect(pages.every(({ status }) => status === 302 || status === 400)).toBe(true)
  expect(redeemed.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
})

test('a callback that comes after ten minutes is a page, like one that was used', async () => {
  const { browser, page } = await loginBeforeCallback()
  const seconds = expireStored(story.stateDir, 'transaction:')
  expect(seconds.length).toBeGreaterThan(0)
  for (const left of seconds) expect(left).toBeLessThanOrEqual(600)
  const late = await browser.onward(page)
  expect({ status: late.status, next: late.next }).toEqual({ status: 400, next: undefined })
})

test('a login that breaks on our side after PingOne answered is a page with a way on and a way home', async () => {
  const { browser, page } = await loginBeforeCallback()
  // A deleted registration represents everything that can be missing at that moment.
  expireStored(story.stateDir, 'client:')
  const broken = await browser.onward(page)
  expect({ status: broken.status, next: broken.next }).toEqual({ status: 503, next: undefined })
  expect(broken.text).toContain('Try again')
  expect(broken.text).toContain('Back to your app')
  const line = /"level":"error","event":"login.refused","incident":"\w+","reason":"broken"/
  await expect.poll(() => story.logs('mcp')).toMatch(line)
})
