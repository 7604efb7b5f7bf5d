import { afterEach, expect, test } from 'vitest'
import { Browser, formOf, type Page } from '#harness/browser.ts'
import { OperatorSignIn } from '#harness/operator.ts'
import { OwnPage } from '#harness/own-page.ts'
import { signIn } from '#harness/sign-in.ts'
import { storyContext } from '#harness/story.ts'
import { ada, grace } from '#harness/users.ts'

const story = storyContext()

afterEach(() => story.emulator.reset())

function expectArmour(name: string, page: Page) {
  const header = (of: string) => page.headers.get(of)
  expect({ name, type: header('content-type') }).toEqual({ name, type: 'text/html; charset=utf-8' })
  expect({ name, csp: header('content-security-policy') }).toEqual({
    name,
    csp: "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  })
  expect([name, header('x-frame-options')]).toEqual([name, 'DENY'])
  expect([name, header('x-content-type-options')]).toEqual([name, 'nosniff'])
  expect([name, header('referrer-policy')]).toEqual([name, 'same-origin'])
  expect([name, header('document-policy')]).toEqual([name, name === 'own page' ? null : 'force-load-at-top'])
  // A web client may keep a reference to the popup of its login, but not to other pages.
  const isHeld = !/own page|sign-in|step-up/.test(name)
  expect([name, header('cross-origin-opener-policy')]).toEqual([name, isHeld ? 'unsafe-none' : 'same-origin'])
  expect([name, header('cache-control')]).toEqual([name, 'no-store'])
  // Browsers ignore it over plain http; page-headers.test.ts tests https.
  expect([name, header('strict-transport-security')]).toEqual([name, null])
  expect(
    name + (/<(?:img|iframe|object|embed)|\s(?:on\w+|style)="|javascript:/i.exec(page.markup)?.[0] ?? ''),
  ).toBe(name)
}

/** Each page that the sign-in of the command line shows. */
async function pagesOfOperators(): Promise<Record<string, Page>> {
  const signing = new OperatorSignIn(story.origin)
  const asked = await signing.openPage()
  return {
    'sign-in of the command line': asked,
    'sign-in of the command line, to PingOne': await signing.browser.decide(asked, 'approve'),
    'sign-in of the command line, back to it': await new OperatorSignIn(story.origin).finish(grace),
    'sign-in of the command line, denied': await signing.browser.decide(asked, 'deny'),
    'sign-in of the command line, without a role': await new OperatorSignIn(story.origin).finish(ada),
    'sign-in of the command line, bad link': await signing.openPage({ client_id: 'nobody' }),
    'sign-in of the command line, form of another browser': await new Browser().submit(asked, formOf(asked), {
      press: { name: 'decision', value: 'approve' },
    }),
    'operate, nothing there': await signing.browser.open(`${story.origin}/operate/nothing`),
  }
}

test('T16 every page, the errors too, has every header and nothing that loads or runs from elsewhere', async () => {
  const browser = new Browser()
  const client = await story.newClient({ logo_uri: 'https://evil.example/logo.png' })
  const consent = await browser.open(client.authorize().url)
  const atPingOne = async (switches: Record<string, unknown>) => {
    await story.emulator.set(switches)
    const { page } = await signIn(new Browser(), client.authorize().url, { user: story.newUser() })
    await story.emulator.reset()
    return page
  }
  const pages: Record<string, Page> = {
    home: await browser.open(story.origin),
    consent,
    'to PingOne': await browser.decide(consent, 'approve'),
    'form that was used': await browser.decide(consent, 'approve'),
    'back to the client': await browser.submit(await browser.open(client.authorize().url), formOf(consent), {
      press: { name: 'decision', value: 'deny' },
    }),
    'bad link': await browser.open(`${story.origin}/authorize`),
    'unknown client': await browser.open(client.authorize({ client_id: 'nobody' }).url),
    'unreadable client': await browser.open(
      client.authorize({ client_id: 'https://127.0.0.1:1/client.json' }).url,
    ),
    'bad callback': await browser.open(`${story.origin}/callback?state=x&code=x`),
    'own page, signed out': await browser.open(`${story.origin}/me`),
    'own page': (await OwnPage.signIn(story.origin, story.newUser())).page,
    'step-up, nothing there': await browser.open(`${story.origin}/step-up/x~y`),
    'bad sign-in': await browser.open(`${story.origin}/signed-in?state=x&code=x`),
    outage: await atPingOne({ faults: { token: '503' } }),
    'nothing here': await browser.open(`${story.origin}/nothing/here`),
    'address of a form': await browser.open(`${story.origin}/me/end`),
    ...(await pagesOfOperators()),
    'encoded nothing': await browser.open(`${story.origin}/%2e%2e/%00?x=<script>`),
  }
  for (const [name, page] of Object.entries(pages)) expectArmour(name, page)
  expect(Object.values(pages).map(({ status }) => status)).toEqual([
    200, 200, 200, 400, 400, 400, 400, 403, 400, 200, 200, 404, 400, 503, 404, 405, 200, 200, 200, 200, 403,
    400, 403, 404, 404,
  ])
})

test('what is no page for a user is an empty 404 for a program', async () => {
  for (const path of ['/nothing', '/.well-known/openid-configuration', '/signed-in/']) {
    const answer = await fetch(`${story.origin}${path}`, { headers: { accept: 'application/json' } })
    expect([path, answer.status, await answer.text()]).toEqual([path, 404, ''])
  }
})

test.for(['HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'POST', 'PROPFIND'])(
  '%s on a page is answered as a method',
  async (method) => {
    const statuses: Record<string, number> = {}
    for (const path of ['/', '/assets/pages.css', '/health', '/authorize', '/callback', '/nothing']) {
      const answer = await fetch(`${story.origin}${path}`, { method, redirect: 'manual' })
      statuses[path] = answer.status
      expect([path, answer.headers.has('allow')]).toEqual([path, answer.status === 405])
    }
    const readable = method === 'HEAD' ? 200 : 405
    expect(statuses).toEqual({
      '/': readable,
      '/assets/pages.css': readable,
      '/health': readable,
      '/authorize': method === 'POST' ? 400 : 405,
      '/callback': 405,
      '/nothing': 404,
    })
  },
)

test('HEAD on a callback does not use it up', async () => {
  const browser = new Browser()
  const { page } = await signIn(browser, (await story.newClient()).authorize().url, {
    user: story.newUser(),
    stopBefore: 'callback',
  })
  const callback = page.next ?? ''
  const head = await fetch(callback, {
    method: 'HEAD',
    headers: { cookie: browser.cookies.header(new URL(callback)) },
    redirect: 'manual',
  })
  expect(head.status).toBe(405)
  expect((await browser.onward(page)).next?.searchParams.has('code')).toBe(true)
})

test('what only looks like a document of ours leads nowhere', async () => {
  for (const path of [
    '/.well-known/oauth-protected-resource/',
    '/.well-known/oauth-protected-resource/other',
    '/.well-known/oauth-protected-resource/mcp/mcp',
    '/.well-known/oauth-protected-resource/../../mcp',
  ]) {
    const answer = await fetch(`${story.origin}${path}`)
    expect([path, answer.status < 500 && answer.status >= 400]).toEqual([path, true])
  }
  const odd = await fetch(`${story.origin}/.well-known/oauth-protected-resource?x=1`)
  expect(await odd.json()).toMatchObject({ resource: story.mcpUrl })
})
