import { beforeEach, expect, test } from 'vitest'
import { codeOf, decode, redeem, resetEmulator } from './application.ts'
import { authorizeUrl, Browser } from './browser.ts'

beforeEach(resetEmulator)

test('a flow belongs to the browser that started it', async () => {
  const page = await new Browser().visit(await authorizeUrl())
  const thief = new Browser()
  expect((await thief.visit(page.url.href)).status).toBe(400)
  expect((await thief.signOn(page, 'ada')).status).toBe(400)
  expect((await thief.visit(page.url.href.replace('signon/', 'as/resume'))).status).toBe(400)
})

test('a form without its guard is refused', async () => {
  const browser = new Browser()
  const page = await browser.visit(await authorizeUrl())
  const unguarded = {
    ...page,
    text: page.text.replace(/name="csrf" value="[^"]*"/, 'name="csrf" value="guess"'),
  }
  expect((await browser.signOn(unguarded, 'ada')).status).toBe(400)
})

test('two tabs of one browser can both finish', async () => {
  const browser = new Browser()
  const first = await browser.visit(await authorizeUrl({ state: 'one' }))
  const second = await browser.visit(await authorizeUrl({ state: 'two' }))
  const consents = [await browser.signOn(second, 'ada'), await browser.signOn(first, 'ada')]
  const states = []
  for (const consent of consents)
    states.push((await browser.consent(consent, 'allow')).url.searchParams.get('state'))
  expect(states).toEqual(['two', 'one'])
})

test('a new account is signed on at once', async () => {
  const browser = new Browser()
  const page = await browser.visit(await authorizeUrl())
  const link = /href="([^"]*register[^"]*)"/.exec(page.text)?.[1] ?? ''
  const fields = [
    ['username', 'Emmy'],
    ['email', 'emmy@example.com'],
    ['password', 'noether'],
  ] as const
  const consent = await browser.submit(await browser.visit(link), fields)
  const claims = decode((await redeem(codeOf((await browser.consent(consent, 'allow')).url))).idToken)
  expect(claims).toMatchObject({ preferred_username: 'emmy', email: 'emmy@example.com' })
})

test('a username that is taken cannot be registered', async () => {
  const browser = new Browser()
  const page = await browser.visit(await authorizeUrl())
  const form = await browser.visit(/href="([^"]*register[^"]*)"/.exec(page.text)?.[1] ?? '')
  const fields = [
    ['username', 'ada'],
    ['email', 'x@example.com'],
    ['password', 'other'],
  ] as const
  expect((await browser.submit(form, fields)).text).toContain('That username is taken.')
})

test('a reset password replaces the old one, and needs the e-mail address of the account', async () => {
  const browser = new Browser()
  const page = await browser.visit(await authorizeUrl())
  const form = await browser.visit(/href="([^"]*reset[^"]*)"/.exec(page.text)?.[1] ?? '')
  const fields = (email: string) =>
    [
      ['username', 'bob'],
      ['email', email],
      ['password', 'tcp/ip'],
    ] as const
  const wrong = await browser.submit(form, fields('ada@example.com'))
  expect(wrong.text).toContain('do not belong together')
  const changed = await browser.submit(wrong, fields('bob@example.com'))
  expect((await browser.signOn(changed, 'bob', 'demo')).status).toBe(400)
  expect((await browser.signOn(changed, 'bob', 'tcp/ip')).text).toContain('Allow access?')
})
