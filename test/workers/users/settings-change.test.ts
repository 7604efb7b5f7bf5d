import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { rootKey } from '#harness/root-key.ts'
import type { UserObjectApi } from '#users/user.ts'
import { pingone } from './pingone.ts'
import { intent, newGrant } from './story.ts'
import { clock, operator } from './worker.ts'

const HOUR_MS = 3_600_000
const k1 = rootKey('k1')
const k2 = rootKey('k2')
const OTHER = { PINGONE_ISSUER: 'https://auth.pingone.test/other/as' }

// The first fetch of PingOne's keys starts a five-second timer that blocks eviction.
beforeAll(async () => {
  const { begin } = await grantAtRest({ downstreamEndsAtSeconds: inAMoment() })
  await begin()
})
beforeEach(() => pingone.reset())
afterEach(() => {
  operator.sets()
  clock.aheadMs = 0
})

/** A new user's grant. Its token is encrypted and not in any object's memory. */
async function grantAtRest(overrides: Parameters<typeof newGrant>[0] = {}) {
  const user = env.USER.getByName(crypto.randomUUID())
  await user.openGrant(await newGrant(overrides))
  const set = async (changed?: Parameters<typeof operator.sets>[0]) => {
    operator.sets(changed)
    await evictDurableObject(user)
  }
  return { user, set, begin: async () => user.beginCall(intent()) }
}

const inAMoment = () => Math.floor(Date.now() / 1000) + 30

test('what an older key encrypted opens, and is encrypted under the new one when PingOne renews it', async () => {
  const { set, begin } = await grantAtRest()
  await set({ ROOT_KEYS: `${k2},${k1}` })
  expect(await begin()).toMatchObject({ verdict: 'go' })
  await set({ ROOT_KEYS: k2 })
  expect(await begin()).toMatchObject({ verdict: 'unavailable' })
  await set({ ROOT_KEYS: `${k2},${k1}` })
  clock.aheadMs = HOUR_MS - 30_000
  expect(await begin()).toMatchObject({ verdict: 'go' })
  expect(pingone.redemptions).toBe(1)
  clock.aheadMs = 0
  await set({ ROOT_KEYS: k2 })
  expect(await begin()).toMatchObject({ verdict: 'go' })
})

test('a key that is not there makes a call wait; one that is retired ends what it encrypted', async () => {
  const { user, set, begin } = await grantAtRest()
  await set({ ROOT_KEYS: k2 })
  expect(await begin()).toMatchObject({ verdict: 'unavailable' })
  await set({ ROOT_KEYS: `${k2},${k1}` })
  expect(await begin()).toMatchObject({ verdict: 'go' })
  await set({ ROOT_KEYS: k2, RETIRED_ROOT_KEYS: 'k1' })
  expect(await begin()).toEqual({ verdict: 'ended' })
  expect(await user.listGrants()).toMatchObject([{ ended: { reason: 'key_retired' } }])
  // The token can no longer be decrypted, so PingOne's revocation is impossible too.
  await runDurableObjectAlarm(user)
  expect(pingone.live.size).toBe(1)
})

test('personal fields of the audit log open after the root key that they began under is gone, once the user was there between', async () => {
  const { user, set } = await grantAtRest()
  const api: UserObjectApi = user
  const before = (await api.protectReason('written before'))?.personal ?? ''
  await set({ ROOT_KEYS: `${k2},${k1}` })
  const between = (await api.protectReason('written between'))?.personal ?? ''
  await set({ ROOT_KEYS: k2, RETIRED_ROOT_KEYS: 'k1' })
  expect(await api.reveal(before)).toEqual({ ok: true, value: { reason: 'written before' } })
  expect(await api.reveal(between)).toEqual({ ok: true, value: { reason: 'written between' } })
})

test('while the settings name another tenant, bearer, token request and call are refused and nothing ends', async () => {
  const { user, set, begin } = await grantAtRest({ downstreamEndsAtSeconds: inAMoment() })
  for (const other of [OTHER, { MCP_SERVER_CLIENT_ID: 'other' }, { API_IDENTIFIER: 'other' }]) {
    await set(other)
    expect(await user.snapshot('grant', 'x', false)).toMatchObject({ isRefused: true, ended: null })
    expect(await begin()).toMatchObject({ verdict: 'unavailable' })
  }
  expect(pingone.redemptions).toBe(0)
  await set()
  expect(await user.snapshot('grant', 'x', false)).toMatchObject({ isRefused: false })
  expect(await begin()).toMatchObject({ verdict: 'go' })
})

test('the environment of a grant is that of its tokens, where the issuer does not name one', async () => {
  const [one, two] = ['0c24f3a0-0522-4f76-9bcf-89643029e3e0', '1c24f3a0-0522-4f76-9bcf-89643029e3e0']
  const { user, set } = await grantAtRest({ environment: one })
  const isRefused = async (allowed: string) => {
    await set({ ALLOWED_ENVIRONMENTS: allowed })
    return (await user.snapshot('grant', 'x', false)).isRefused
  }
  expect(await Promise.all([one, `${two} ${one}`, ''].map(isRefused))).toEqual([false, false, false])
  expect(await isRefused(two)).toBe(true)
})

test('a token of one tenant is revoked there and nowhere else, however long the settings are wrong', async () => {
  for (const wrong of [OTHER, { ROOT_KEYS: k2 }]) {
    pingone.reset()
    clock.aheadMs = 0
    const { user, set } = await grantAtRest()
    await set(wrong)
    await user.endGrant('grant', 'ended_by_user')
    for (let hour = 0; hour < 10; hour += 1) {
      await runDurableObjectAlarm(user)
      clock.aheadMs += HOUR_MS
    }
    expect(pingone.live.size).toBe(1)
    await set()
    await runDurableObjectAlarm(user)
    expect(pingone.live.size).toBe(0)
  }
})

test('a revocation that waited for a month is given up, and said to be', async () => {
  const { user, set } = await grantAtRest()
  await set(OTHER)
  await user.endGrant('grant', 'ended_by_user')
  await runDurableObjectAlarm(user)
  clock.aheadMs = 31 * 24 * HOUR_MS
  await runDurableObjectAlarm(user)
  await set()
  await runDurableObjectAlarm(user)
  expect(pingone.live.size).toBe(1)
  const keys = await runInDurableObject(user, (_object, { storage }) =>
    Array.from(storage.kv.list({ prefix: 'revoke:' })),
  )
  expect(keys).toEqual([])
})
