import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { grantKey, tokenKey } from '#users/grants/grant-records.ts'
import { block, unblock } from '../acts.ts'
import { pingone } from './pingone.ts'
import { intent, newGrant } from './story.ts'

// What ended stays ended, whatever was in flight, and is revoked at PingOne.
beforeEach(() => pingone.reset())

const newUser = () => env.USER.getByName(crypto.randomUUID())
type User = ReturnType<typeof newUser>

const keysOf = (user: User) =>
  runInDurableObject(user, (_object, { storage }) => Array.from(storage.kv.list(), ([key]) => key))

const row = (value: object) => ({ value: JSON.stringify(value), expiresAtSeconds: null })
const redeemed = row({ clientId: 'client', refreshTokenId: 'the first' })
const RefreshRecord = z.looseObject({ refreshTokenId: z.string() })
const presentedIn = (record: string) =>
  record === '' ? 'none' : RefreshRecord.parse(JSON.parse(record)).refreshTokenId

/** A grant whose PingOne token the next call must refresh. */
const almostOver = async (id: string) =>
  newGrant({ id, record: redeemed, downstreamEndsAtSeconds: Math.floor(Date.now() / 1000) + 30 })

/** A rotation of our refresh token, in the library's format. */
const rotation = (grant: string, before: string) => ({
  before,
  presented: presentedIn(before),
  writes: [
    [grantKey(grant), row({ clientId: 'client', refreshTokenId: crypto.randomUUID() })],
    [tokenKey(grant, crypto.randomUUID()), row({})],
  ] satisfies [string, ReturnType<typeof row>][],
  spent: { hash: presentedIn(before), answer: 'encrypted', asked: 'read', network: null },
})

test('a message about a new grant that comes twice changes nothing the second time', async () => {
  const user = newUser()
  const grant = await newGrant({ record: redeemed })
  await user.openGrant(grant)
  const refreshed = rotation('grant', grant.record.value)
  expect(await user.commit('grant', refreshed)).toEqual({ outcome: 'done' })
  // A late retry, after the first answer was lost.
  expect(await user.openGrant(grant)).toBe('opened')
  expect((await user.snapshot('grant', 'x', false)).grant).toBe(refreshed.writes[0]?.[1].value)
  await user.endAll('ended_by_operator')
  expect(await user.openGrant(grant)).toBe('opened')
  expect(await user.snapshot('grant', 'x', false)).toMatchObject({
    grant: null,
    ended: 'ended_by_operator',
  })
})

test('a token request that was under way when its grant ended gets nothing but the reason', async () => {
  const user = newUser()
  const grant = await newGrant({ record: redeemed })
  await user.openGrant(grant)
  await block(user)
  const late = rotation('grant', grant.record.value)
  for (const commit of [late, { ...late, spent: null }]) {
    expect(await user.commit('grant', commit)).toEqual({ outcome: 'ended', ended: 'blocked' })
  }
  expect((await keysOf(user)).filter((key) => key.startsWith('record:'))).toEqual([])
})

test('a login of someone who was blocked meanwhile opens nothing, and PingOne takes its tokens back', async () => {
  const user = newUser()
  await block(user)
  const grant = await newGrant()
  expect(await user.openGrant(grant)).toBe('blocked')
  expect(await user.listGrants()).toEqual([])
  await runDurableObjectAlarm(user)
  expect(pingone.live).toEqual(new Set())
  expect(await keysOf(user)).toEqual(['blocked'])
  await unblock(user)
  expect(await user.openGrant(await newGrant({ id: 'another' }))).toBe('opened')
})

test('tokens that PingOne sends for a grant that ended meanwhile are revoked there', async () => {
  pingone.takesMs = 500
  const user = newUser()
  await user.openGrant(await almostOver('grant'))
  const call = user.beginCall(intent())
  await expect.poll(() => pingone.redemptions).toBe(1)
  await user.endGrant('grant', 'ended_by_user')
  expect(await call).toEqual({ verdict: 'ended' })
  await runDurableObjectAlarm(user)
  expect(pingone.live).toEqual(new Set())
})

type Act = { what: 'open' | 'call' | 'refresh'; atMs: number; grant: number }
const acts = fc.array(
  fc.record<Act>({
    what: fc.constantFrom('open', 'call', 'refresh'),
    atMs: fc.nat({ max: 12 }),
    grant: fc.nat({ max: 3 }),
  }),
  { minLength: 4, maxLength: 14 },
)

/** Runs all acts concurrently, with the ending in the middle. */
async function interleave(user: User, story: readonly Act[], end: () => Promise<void>, endAtMs: number) {
  const openedBefore: string[] = []
  let isEnding = false
  const act = async ({ what, atMs, grant }: Act, index: number) => {
    await scheduler.wait(atMs)
    if (what === 'open') {
      const id = `${grant}-${index}`
      await user.openGrant(await almostOver(id))
      if (!isEnding) openedBefore.push(id)
      return
    }
    const [id = 'none'] = openedBefore.slice(-1)
    if (what === 'call') await user.beginCall(intent({ grant: id }))
    else await user.commit(id, rotation(id, (await user.snapshot(id, 'x', false)).grant ?? ''))
  }
  const ending = async () => {
    await scheduler.wait(endAtMs)
    isEnding = true
    await end()
  }
  await Promise.all([...story.map(act), ending()])
  return openedBefore
}

const isOf = (ids: readonly string[], key: string) => ids.some((id) => key.split(':').includes(id))

test('"end all" in the middle of anything misses no grant that was there', { timeout: 30_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(acts, fc.nat({ max: 12 }), async (story, endAtMs) => {
      pingone.reset()
      const user = newUser()
      const all = await interleave(user, story, () => user.endAll('ended_by_operator'), endAtMs)
      const grants = await user.listGrants()
      for (const id of all) {
        expect(grants.find((grant) => grant.id === id)?.ended?.reason).toBe('ended_by_operator')
        expect(
          (await keysOf(user)).filter((key) => /^(?:record|spent|pair):/.test(key) && isOf([id], key)),
        ).toEqual([])
      }
      // Ends grants that were opened afterwards: no token may stay alive at PingOne.
      await user.endAll('ended_by_operator')
      await runDurableObjectAlarm(user)
      expect(pingone.live).toEqual(new Set())
    }),
    { numRuns: 25, endOnFailure: true },
  )
})

/** What a block leaves: which grants there were, the audit log and its key, and when to wake. None of it opens anything. */
const isHistory = (key: string) =>
  /^(?:grant:.*|blocked|wake|wake-ship|audit-(?:chain|directory|frozen|key)|(?:calls|outbox)-schema)$/.test(
    key,
  )

test('a block in the middle of anything leaves nothing that opens', { timeout: 30_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(acts, fc.nat({ max: 12 }), async (story, endAtMs) => {
      pingone.reset()
      const user = newUser()
      await interleave(user, story, () => block(user), endAtMs)
      expect((await user.listGrants()).filter(({ ended }) => ended === null)).toEqual([])
      await runDurableObjectAlarm(user)
      expect(pingone.live).toEqual(new Set())
      const remaining = (await keysOf(user)).filter((key) => !isHistory(key))
      expect(remaining).toEqual([])
    }),
    { numRuns: 25, endOnFailure: true },
  )
})
