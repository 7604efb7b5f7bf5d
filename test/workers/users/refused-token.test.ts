import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { thumbprint } from '#lib/hash.ts'
import type { CallStart } from '#users/calls/calls.ts'
import { pingone } from './pingone.ts'
import { intent, newGrant, tokenOf } from './story.ts'
import { clock } from './worker.ts'

// The API refuses a token that has not expired.
beforeEach(() => pingone.reset())
afterEach(() => {
  clock.aheadMs = 0
})

/** A user with one grant and its token. */
async function openGrant({ hasRefreshToken = true } = {}) {
  const user = env.USER.getByName(crypto.randomUUID())
  const grant = await newGrant(hasRefreshToken ? {} : { refreshToken: null })
  await user.openGrant(grant)
  const { accessToken } = grant
  const begin = (refused?: string, transaction: string = crypto.randomUUID()): Promise<CallStart> =>
    refused === undefined
      ? user.beginCall(intent({ transaction }))
      : user.renewToken({ grant: 'grant', client: 'client', transaction, refused })
  const rows = () =>
    runInDurableObject(user, (_object, { storage }) =>
      storage.sql.exec('SELECT id, outcome FROM calls').toArray(),
    )
  return { user, accessToken, refused: await thumbprint(accessToken), begin, rows }
}

test('twenty calls whose token the API refused cost one redemption, and all get the newer one', async () => {
  const { accessToken, refused, begin } = await openGrant()
  const tokens = (await Promise.all(Array.from({ length: 20 }, () => begin(refused)))).map(tokenOf)
  expect(new Set(tokens).size).toBe(1)
  expect(tokens[0]).not.toBe(accessToken)
  expect(tokens[0]).toMatch(/^eyJ/)
  expect(pingone).toMatchObject({ redemptions: 1, reuses: 0 })
  // A late call gets the same token, and so does every new call.
  expect([tokenOf(await begin(refused)), tokenOf(await begin())]).toEqual([tokens[0], tokens[0]])
  expect(pingone.redemptions).toBe(1)
})

test('a token that nobody refused is not replaced, nor for a denial of another one', async () => {
  const { accessToken, begin } = await openGrant()
  expect(tokenOf(await begin())).toBe(accessToken)
  expect(tokenOf(await begin(await thumbprint('another')))).toBe(accessToken)
  expect(pingone.redemptions).toBe(0)
})

test('PingOne hears for which call a token is renewed', async () => {
  const { refused, begin } = await openGrant()
  const transaction = crypto.randomUUID()
  await begin(refused, transaction)
  expect(pingone).toMatchObject({ redemptions: 1, transaction })
})

test('beginning the same call once more is the same row, and its outcome is the one that ends it', async () => {
  const { user, refused, begin, rows } = await openGrant()
  const transaction = crypto.randomUUID()
  await begin(undefined, transaction)
  pingone.status = 503
  expect(await begin(refused, transaction)).toMatchObject({ verdict: 'unavailable' })
  expect(await rows()).toEqual([{ id: transaction, outcome: null }])
  await user.endCall(transaction, 'unknown', null)
  expect(await rows()).toEqual([{ id: transaction, outcome: 'unknown' }])
})

test('an API that refuses what PingOne has just given costs one redemption a minute, and ends nothing', async () => {
  const { refused, begin } = await openGrant()
  const second = tokenOf(await begin(refused))
  expect(tokenOf(await begin(await thumbprint(second)))).toBe(second)
  expect(pingone.redemptions).toBe(1)
  clock.aheadMs = 61_000
  expect(tokenOf(await begin(await thumbprint(second)))).not.toBe(second)
  expect(pingone).toMatchObject({ redemptions: 2, reuses: 0 })
})

test('the pause lasts when the object was away', async () => {
  const { user, refused, begin } = await openGrant()
  const second = tokenOf(await begin(refused))
  await evictDurableObject(user)
  expect(tokenOf(await begin(await thumbprint(second)))).toBe(second)
  expect(pingone.redemptions).toBe(1)
})

test('a refused token ends the grant only if PingOne says so', async () => {
  const { refused, begin } = await openGrant()
  pingone.status = 503
  expect(await begin(refused)).toMatchObject({ verdict: 'unavailable' })
  expect(await begin()).toMatchObject({ verdict: 'go' })
  pingone.status = 200
  pingone.live.clear()
  expect(await begin(refused)).toEqual({ verdict: 'ended' })
  expect(await begin()).toEqual({ verdict: 'ended' })
})

test('without a refresh token there is no other, and nothing ends', async () => {
  const { accessToken, refused, begin } = await openGrant({ hasRefreshToken: false })
  expect(tokenOf(await begin(refused))).toBe(accessToken)
  expect(pingone.redemptions).toBe(0)
})

test('what only an operator can mend is not told as an outage that passes, and ends nothing', async () => {
  const { user, refused, begin } = await openGrant()
  const lasting = { verdict: 'unavailable', isLasting: true, retryAfterSeconds: 300 }
  for (const error of ['invalid_client', 'unauthorized_client', 'invalid_scope']) {
    pingone.error = error
    expect(await begin(refused)).toMatchObject(lasting)
  }
  pingone.error = null
  pingone.access = { groups: 'x'.repeat(70_000) }
  expect(await begin(refused)).toMatchObject(lasting)
  pingone.status = 503
  clock.aheadMs = 61_000
  expect(await begin(refused)).toMatchObject({ verdict: 'unavailable', isLasting: false })
  pingone.reset()
  expect(await user.listGrants()).toMatchObject([{ ended: null }])
})

test('a refresh token of an answer that our checks refuse is kept: the old one is spent', async () => {
  const { accessToken, refused, begin } = await openGrant()
  pingone.audience = 'another-api'
  expect(await begin(refused)).toMatchObject({ verdict: 'unavailable' })
  pingone.audience = 'todo-api'
  // The refused token was not used, and the pause applies here too.
  expect(tokenOf(await begin(refused))).toBe(accessToken)
  clock.aheadMs = 61_000
  expect(tokenOf(await begin(refused))).toMatch(/^eyJ/)
  expect(pingone).toMatchObject({ redemptions: 2, reuses: 0 })
})

test('a denial that comes while the token is being renewed waits for that renewal', async () => {
  const { refused, begin } = await openGrant()
  clock.aheadMs = (3600 - 30) * 1000
  const starts = await Promise.all([begin(), begin(refused), begin(refused)])
  expect(new Set(starts.map(tokenOf)).size).toBe(1)
  expect(await thumbprint(tokenOf(starts[0]))).not.toBe(refused)
  expect(pingone).toMatchObject({ redemptions: 1, reuses: 0 })
})
