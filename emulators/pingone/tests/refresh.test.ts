import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  decode,
  loginForTokens,
  readState,
  refresh,
  resetEmulator,
  setSwitches,
  verify,
} from './application.ts'
import { authorizeUrl, Browser, clientId, issuer, send } from './browser.ts'

beforeEach(resetEmulator)
afterEach(() => {
  vi.useRealTimers()
})

/** Moves the clock of the emulator. */
const later = (seconds: number): void => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 })
}

test('a refresh gives new tokens of the same session and a new refresh token', async () => {
  const first = await loginForTokens()
  const second = await refresh(first.refreshToken)
  expect(second.refreshToken).not.toBe(first.refreshToken)
  const claims = await verify(second.idToken, clientId)
  expect(claims['sid']).toBe(decode(first.idToken)['sid'])
  expect(claims).not.toHaveProperty('nonce')
  expect(decode(second.accessToken)['scope']).toBe('todo:read todo:write')
})

test('an old refresh token kills the whole family', async () => {
  const first = await loginForTokens()
  const second = await refresh(first.refreshToken)
  expect((await refresh(first.refreshToken)).error).toBe('invalid_grant')
  expect((await refresh(second.refreshToken)).error).toBe('invalid_grant')
  expect((await readState())['families']).toMatchObject([{ alive: false, endedBecause: 'replayed' }])
})

test('two parallel refreshes kill the family, as PingOne does by default', async () => {
  const { refreshToken } = await loginForTokens()
  const both = await Promise.all([refresh(refreshToken), refresh(refreshToken)])
  const winners = both.filter(({ status }) => status === 200)
  expect(winners).toHaveLength(1)
  expect((await refresh(winners[0]?.refreshToken)).error).toBe('invalid_grant')
})

test('without replay protection an old refresh token is only refused', async () => {
  await setSwitches({ replayProtection: false })
  const first = await loginForTokens()
  const second = await refresh(first.refreshToken)
  expect((await refresh(first.refreshToken)).error).toBe('invalid_grant')
  expect((await refresh(second.refreshToken)).status).toBe(200)
})

test('within the grace period, from the first use on, an old refresh token works, and after it kills the family', async () => {
  await setSwitches({ rotationGraceSeconds: 60 })
  const first = await loginForTokens()
  const second = await refresh(first.refreshToken)
  const again = await refresh(first.refreshToken)
  expect([again.status, (await refresh(second.refreshToken)).status]).toEqual([200, 200])
  later(40)
  expect((await refresh(first.refreshToken)).status).toBe(200)
  later(21)
  expect((await refresh(first.refreshToken)).error).toBe('invalid_grant')
  expect((await refresh(again.refreshToken)).error).toBe('invalid_grant')
})

test('a refresh token can be narrowed for one access token and never widened', async () => {
  const first = await loginForTokens({ scope: 'openid todo:read' })
  expect((await refresh(first.refreshToken, { scope: 'todo:read todo:write' })).error).toBe('invalid_scope')
  const narrow = await refresh(first.refreshToken, { scope: 'todo:read' })
  expect([narrow.status, narrow.scope, narrow.idToken === undefined]).toEqual([200, 'todo:read', false])
  expect((await refresh(narrow.refreshToken)).scope).toBe('openid todo:read')
})

test('a refresh token has a life of its own', async () => {
  await setSwitches({ refreshTokenSeconds: 100 })
  const { refreshToken } = await loginForTokens()
  later(101)
  expect((await refresh(refreshToken)).error).toBe('invalid_grant')
})

test('a session that was idle too long takes its refresh tokens with it', async () => {
  const { refreshToken } = await loginForTokens()
  later(43_201)
  expect((await refresh(refreshToken)).error).toBe('invalid_grant')
})

test('refresh tokens can be switched off, or fixed', async () => {
  await setSwitches({ refreshTokens: 'none' })
  expect((await loginForTokens()).refreshToken).toBeUndefined()
  await setSwitches({ refreshTokens: 'fixed' })
  const { refreshToken } = await loginForTokens()
  expect((await refresh(refreshToken)).refreshToken).toBeUndefined()
  expect((await refresh(refreshToken)).status).toBe(200)
})

test('where offline_access is granted, a refresh token must be asked for', async () => {
  await setSwitches({ offlineAccess: true })
  expect((await loginForTokens({ scope: 'openid todo:read' })).refreshToken).toBeUndefined()
  expect((await loginForTokens({ scope: 'openid offline_access todo:read' })).refreshToken).toBeDefined()
})

test('signing off ends the session of the browser and its refresh tokens', async () => {
  const browser = new Browser()
  const { refreshToken } = await loginForTokens({}, { browser })
  const query = new URLSearchParams({ post_logout_redirect_uri: 'http://localhost:8787/bye', state: 's' })
  const back = await browser.visit(`${issuer}/signoff?${query.toString()}`)
  expect(back.url.href).toBe('http://localhost:8787/bye?state=s')
  expect((await refresh(refreshToken)).error).toBe('invalid_grant')
  expect((await browser.visit(await authorizeUrl())).text).toContain('<h1>Sign on</h1>')
})

test('signing off with an ID token ends that session, from any browser, and sends nobody to a stranger', async () => {
  const { idToken = '', refreshToken } = await loginForTokens()
  const fields = { id_token_hint: idToken, post_logout_redirect_uri: 'https://evil.example/' }
  const body = new URLSearchParams(fields)
  expect((await send(`${issuer}/signoff`, { method: 'POST', body })).status).toBe(200)
  expect((await refresh(refreshToken)).error).toBe('invalid_grant')
})
