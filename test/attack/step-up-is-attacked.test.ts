import { randomBytes } from 'node:crypto'
import { globSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { Browser, fieldOf, formOf } from '#harness/browser.ts'
import { signIn } from '#harness/sign-in.ts'
import {
  addTodo,
  answerStepUp,
  requestStepUp,
  denyStepUp,
  linkIn,
  returning,
  scopeAfterRefresh,
} from '#harness/step-up.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
afterEach(() => story.emulator.reset())

test('T10 a link that is sent to another user gives nothing, tells them so, and is a security event', async () => {
  const attacker = await requestStepUp(story)
  const victim = story.newUser()
  const end = await answerStepUp(attacker.link, victim)
  expect([end.status, end.title]).toEqual([404, 'This request is not yours'])
  expect(end.text).toContain('If somebody sent you this link, do not use it')
  expect(await scopeAfterRefresh(attacker)).toBe('todo:read')
  const [, grant] = attacker.tokens.access_token.split(':')
  await expect
    .poll(() => story.logs('mcp'))
    .toContain(`"event":"security.step-up-by-another","grant":"${grant ?? ''}"`)
  // The tokens from the victim's sign-in are revoked.
  await expect
    .poll(async () =>
      (await story.emulator.state()).families.some(
        ({ username, alive }) => username === victim.username && alive,
      ),
    )
    .toBe(false)
  // The request is not consumed: its owner can still answer.
  expect((await answerStepUp(attacker.link, attacker.user)).title).toBe('The app may do more now')
})

test('T10 another user does not get it either where they have an open session with the same app', async () => {
  const mine = await requestStepUp(story)
  const other = await requestStepUp(story)
  const end = await answerStepUp(mine.link, other.user, { browser: other.browser })
  expect(end.status).toBe(404)
  expect([await scopeAfterRefresh(mine), await scopeAfterRefresh(other)]).toEqual(['todo:read', 'todo:read'])
})

test('a form that did not come from the page this browser opened decides nothing', async () => {
  const asking = await requestStepUp(story)
  const { link } = asking
  const mine = new Browser()
  const page = await mine.open(link)
  const csrf = fieldOf(page, 'csrf')
  const cookie = mine.cookies.header(new URL(link))
  const body = (value: string, decision = 'approve') =>
    new URLSearchParams({ csrf: value, decision }).toString()
  const post = async (headers: Record<string, string>, text: string) => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const sent = { method: 'POST', headers: { ...type, ...headers }, body: text, redirect: 'manual' } as const
    return (await fetch(link, sent)).status
  }
  const other = new Browser()
  const othersPage = await other.open(link)
  const othersCsrf = fieldOf(othersPage, 'csrf')
  const second = await requestStepUp(story)
  const forged: [string, Record<string, string>, string][] = [
    ['no cookie', {}, body(csrf)],
    ['no value', { cookie }, body('')],
    ['a value of another browser', { cookie }, body(othersCsrf)],
    ['two values', { cookie }, `${body(csrf)}&csrf=${csrf}`],
    ['two cookies of the name', { cookie: `${cookie}; __Host-step-up=${'A'.repeat(43)}` }, body(csrf)],
    ['from another site', { cookie, 'sec-fetch-site': 'cross-site' }, body(csrf)],
    ['from another origin', { cookie, origin: 'https://evil.example' }, body(csrf)],
    ['from an origin without a name', { cookie, origin: 'null' }, body(csrf)],
  ]
  for (const [name, headers, text] of forged) {
    expect([name, await post(headers, text)]).toEqual([name, 403])
    expect([name, await post(headers, text.replace('approve', 'deny'))]).toEqual([name, 403])
  }
  expect(await post({ cookie, 'content-type': 'application/json' }, JSON.stringify({ csrf }))).toBe(403)
  // A value belongs to one request.
  const wrong = await fetch(second.link, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: body(csrf),
  })
  expect(wrong.status).toBe(403)
  expect((await mine.open(link)).status).toBe(200)
  expect((await answerStepUp(link, asking.user, { browser: mine })).title).toBe('The app may do more now')
})

test('what is no clear yes is a no', async () => {
  for (const decision of ['decision=approve&decision=deny', 'decision=Approve', '']) {
    const asking = await requestStepUp(story)
    const browser = new Browser()
    const page = await browser.open(asking.link)
    const csrf = fieldOf(page, 'csrf')
    const answer = await fetch(asking.link, {
      method: 'POST',
      headers: {
        cookie: browser.cookies.header(new URL(asking.link)),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: `csrf=${csrf}&${decision}`,
    })
    expect([decision, await answer.text()]).toEqual([
      decision,
      expect.stringContaining('Nothing was changed'),
    ])
    expect(await scopeAfterRefresh(asking)).toBe('todo:read')
  }
})

test('T10 who only has the link can say no as often as they like: the user can still say yes', async () => {
  const asking = await requestStepUp(story)
  for (let time = 0; time < 3; time += 1) {
    const end = await answerStepUp(asking.link, story.newUser(), { decision: 'deny' })
    expect([end.status, end.title]).toEqual([200, 'Nothing was changed'])
  }
  expect(linkIn((await addTodo(asking.client, asking.tokens.access_token)).body)).toBe(asking.link)
  expect((await answerStepUp(asking.link, asking.user)).title).toBe('The app may do more now')
})

test('T10 another user who signs in to say no uses nothing up, and hears that it is not theirs', async () => {
  const asking = await requestStepUp(story)
  const end = await denyStepUp(asking.link, story.newUser())
  expect([end.status, end.title]).toEqual([404, 'This request is not yours'])
  const [, grant = ''] = asking.tokens.access_token.split(':')
  await expect
    .poll(() => story.logs('mcp'))
    .toContain(`"event":"security.step-up-by-another","grant":"${grant}"`)
  expect((await answerStepUp(asking.link, asking.user)).title).toBe('The app may do more now')
})

test('the user who signs in to say no ends the link, and the client is handed no other at once', async () => {
  const asking = await requestStepUp(story)
  const end = await denyStepUp(asking.link, asking.user)
  expect([end.status, end.title]).toEqual([200, 'The link has ended'])
  expect((await new Browser().open(asking.link)).status).toBe(404)
  const again = await addTodo(asking.client, asking.tokens.access_token)
  expect([again.status, linkIn(again.body)]).toEqual([200, undefined])
  expect(JSON.stringify(again.body)).toContain('did not allow it')
  expect(await scopeAfterRefresh(asking)).toBe('todo:read')
})

test('T10 a session at PingOne that is hours old approves nothing: the user proves who they are', async () => {
  const { browser, user } = await requestStepUp(story)
  for (const freshSignOn of ['heeded', 'prompt-only'] as const) {
    const next = await requestStepUp(story, { user, browser })
    await story.emulator.set({ sessionAgeSeconds: 2 * 3600, freshSignOn })
    const { stages, page } = await signIn(browser, next.link, { user })
    expect([freshSignOn, page.title]).toEqual([freshSignOn, 'The app may do more now'])
    expect([freshSignOn, stages.filter((stage) => stage === 'sign-on')]).toEqual([freshSignOn, ['sign-on']])
    expect(await scopeAfterRefresh(next)).toBe('todo:read todo:write')
    await story.emulator.set({ sessionAgeSeconds: null, freshSignOn: null })
  }
})

test('T10 a flow that never asks anew widens nothing, and tells the operator', async () => {
  const { browser, user, link, ...asking } = await requestStepUp(story)
  await story.emulator.set({ sessionAgeSeconds: 2 * 3600, freshSignOn: 'ignored' })
  const { page } = await signIn(browser, link, { user })
  expect([page.status, page.title]).toEqual([403, 'PingOne did not ask you to sign in again'])
  expect(await scopeAfterRefresh({ ...asking, browser, user, link })).toBe('todo:read')
  await expect
    .poll(() => story.logs('mcp'))
    .toMatch(/"level":"error","event":"sign-in.refused","incident":"\w+","reason":"stale"/)
  const alive = async () =>
    (await story.emulator.state()).families.filter((one) => one.username === user.username && one.alive)
  // The tokens of both sign-ins are revoked; the client's own stays.
  await expect.poll(async () => (await alive()).length).toBe(1)
  await story.emulator.set({ sessionAgeSeconds: null, freshSignOn: null })
  expect((await answerStepUp(link, user)).title).toBe('The app may do more now')
})

test('the page cannot be framed or kept, loads nothing from elsewhere, and sets one cookie of this host alone', async () => {
  const { link, user } = await requestStepUp(story)
  const page = await new Browser().open(link)
  const pages = [page, await new Browser().open(`${link.slice(0, -1)}x`), await answerStepUp(link, user)]
  for (const { headers, markup } of pages) {
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('content-security-policy')).toContain("form-action 'self'")
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(markup).not.toMatch(/<(?:img|iframe|object|embed|script)|\s(?:on\w+|style)="|javascript:/i)
  }
  const [cookie, ...more] = page.headers.getSetCookie()
  expect(more).toEqual([])
  expect(cookie).toMatch(/^__Host-step-up=[\w-]{43}; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/)
})

test('made-up links are 404 alike, and nothing is made for them', async () => {
  const { link } = await requestStepUp(story)
  const [, user = '', id = ''] = /step-up\/([^~]+)~(.+)$/.exec(link) ?? []
  const hex = () => randomBytes(16).toString('hex')
  const [name = '', keyId = '', mac = ''] = user.split('.')
  const madeUp = [
    `${user}~${hex()}`,
    `${user}~${id.toUpperCase()}x`,
    `${user}~`,
    `${user}~${id}~${id}`,
    `${'A'.repeat(22)}.${keyId}.${mac}~${id}`,
    `${name}.${keyId}.${'A'.repeat(43)}~${id}`,
    `${name}.other.${mac}~${id}`,
    `${'x'.repeat(5000)}~${id}`,
    '..%2f..%2fme',
    '%00',
    '~',
  ]
  const objects = () => globSync('**/do/**/*.sqlite', { cwd: story.stateDir }).length
  const before = objects()
  expect(before).toBeGreaterThan(0)
  const texts = new Set<string>()
  for (const request of madeUp) {
    const page = await new Browser().open(`${story.origin}/step-up/${request}`)
    expect([request.slice(0, 80), page.status]).toEqual([request.slice(0, 80), 404])
    expect(page.headers.getSetCookie()).toEqual([])
    texts.add(page.title)
  }
  expect(texts.has('This link does not work')).toBe(true)
  const forms = await Promise.all(
    madeUp.slice(0, 7).map((request) =>
      fetch(`${story.origin}/step-up/${request}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'decision=approve',
      }),
    ),
  )
  expect(forms.map(({ status }) => status)).toEqual(forms.map(() => 404))
  expect(objects()).toBe(before)
})

test('a request asks for what a tool needs, whatever the client or the form says', async () => {
  const asking = await requestStepUp(story)
  await story.emulator.set({ extraAccessScopes: ['todo:admin'] })
  const browser = new Browser()
  const page = await browser.open(`${asking.link}?scope=todo:admin`)
  const form = formOf(page)
  const forged = {
    ...form,
    fields: [...form.fields, { name: 'scope', value: 'todo:admin', type: 'hidden', isTicked: null }],
  }
  const leaving = await browser.submit(page, forged, { press: { name: 'decision', value: 'approve' } })
  expect(leaving.next?.searchParams.get('scope')).toBe('openid profile email todo:read todo:write')
  await browser.open(await returning(browser, leaving, asking.user))
  expect(await scopeAfterRefresh(asking)).toBe('todo:read todo:write')
})

test('a client that loops makes one request, and names of its own stay in their field', async () => {
  const name = 'PingOne</bdi><script>alert(1)</script>\u202E says: approve'
  const asking = await requestStepUp(story, { name })
  const replies = await Promise.all(
    Array.from({ length: 10 }, () => addTodo(asking.client, asking.tokens.access_token)),
  )
  expect(new Set(replies.map(({ body }) => linkIn(body)))).toEqual(new Set([asking.link]))
  const page = await new Browser().open(asking.link)
  expect(page.markup).not.toContain('<script>alert')
  expect(page.markup).not.toContain('\u202E')
  expect(page.title).not.toContain('approve')
})

test('no token of PingOne’s, and no id of a request, is in what a browser or the log gets', async () => {
  const asking = await requestStepUp(story)
  const page = await answerStepUp(asking.link, asking.user)
  const id = asking.link.split('~')[1] ?? 'nothing'
  expect(page.markup).not.toMatch(/eyJ[\w-]+\./)
  const [, grant = ''] = asking.tokens.access_token.split(':')
  await expect.poll(() => story.logs('mcp')).toContain(`"event":"step-up.approved","grant":"${grant}"`)
  const logs = story
    .logs('mcp')
    .split('\n')
    .filter((line) => line.includes('"event"'))
  expect(logs.filter((line) => line.includes(id) || /eyJ[\w-]+\.eyJ/.test(line))).toEqual([])
  const end = await signIn(new Browser(), asking.link, { user: asking.user })
  expect(end.page.status).toBe(404)
})
