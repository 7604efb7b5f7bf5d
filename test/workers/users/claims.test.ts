import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { NewGrant, SignInFacts } from '#users/grants/grant.ts'
import type { PolicyUserAnswer } from '#users/grants/policy-user.ts'
import { makeUserParts } from '#users/user-parts.ts'
import { POLICY } from '../settings.ts'
import { newAccessToken, newRefreshToken, pingone } from './pingone.ts'
import { intent, type userOf, userWithGrant } from './story.ts'
import { clock, operator, userDeps } from './worker.ts'

// The claims that policy reads, with their age.
const NAMES = { OPERATOR_CLAIM: 'groups', POLICY_CLAIMS: 'department' }
const MAX_AGE_SECONDS = 600

beforeEach(() => {
  pingone.reset()
  operator.sets(NAMES)
})
afterEach(() => {
  clock.aheadMs = 0
  operator.sets()
})

const nowSeconds = () => Math.floor((Date.now() + clock.aheadMs) / 1000)
const pass = (seconds: number) => {
  clock.aheadMs += seconds * 1000
}

/** What the id token of a sign-in said. */
const signedIn = (change: Partial<SignInFacts> = {}): SignInFacts => ({
  names: ['department', 'groups'],
  isAny: true,
  groups: ['sales', 'all'],
  claims: { department: ['north'] },
  incomplete: [],
  acr: POLICY,
  authenticatedAtSeconds: nowSeconds(),
  ...change,
})

type User = Awaited<ReturnType<typeof userOf>>

/** Runs over the storage of the real object. `ask`: who the user is for a policy. */
const within = <T>(
  user: User,
  act: (ask: (readsClaims?: boolean) => Promise<PolicyUserAnswer>) => Promise<T>,
) =>
  runInDurableObject(user, (_object, state) => {
    const { grants, policyUserOf } = makeUserParts(state, () => env, userDeps)
    return act(async (readsClaims = true) => {
      const grant = grants.readLive('grant')
      if (grant === null) return 'ended'
      return policyUserOf(grant, { readsClaims, claimsMaxAgeSeconds: MAX_AGE_SECONDS })
    })
  })

const askAtOnce = (user: User, times: number) =>
  within(user, (ask) => Promise.all(Array.from({ length: times }, () => ask())))

const askOnce = (user: User) => within(user, (ask) => ask())

async function userWith(signIn: SignInFacts | null, more: Partial<NewGrant> = {}) {
  const subject = crypto.randomUUID()
  pingone.access = { sub: subject }
  const story = await userWithGrant({
    subject,
    // The subject of the stored token is compared with that of each newer one.
    accessToken: await newAccessToken(),
    ...(signIn === null ? {} : { signIn }),
    ...more,
  })
  /** The id token of the next refreshes. */
  const refreshGives = (claims: Readonly<Record<string, unknown>> | null) => {
    pingone.id = claims === null ? null : { sub: subject, ...claims }
  }
  return { ...story, subject, refreshGives }
}

const known = (groups: string[], claims: Record<string, string[]> = {}) => ({
  user: { groups, claims, acr: POLICY },
})

test('claims of the sign-in count until the policy calls them too old, and PingOne is not asked', async () => {
  const { user } = await userWith(signedIn({ authenticatedAtSeconds: nowSeconds() - 120 }))
  const answer = await askOnce(user)
  expect(answer).toMatchObject(known(['sales', 'all'], { department: ['north'] }))
  expect(answer).toMatchObject({ authAgeSeconds: expect.closeTo(120, -1) })
  pass(MAX_AGE_SECONDS - 5)
  expect(await askOnce(user)).toMatchObject(known(['sales', 'all']))
  expect(pingone.redemptions).toBe(0)
})

test('older claims are renewed first, once for twenty calls, although the token has time left', async () => {
  const { user, refreshGives } = await userWith(signedIn())
  refreshGives({ groups: ['all'], department: ['south', 7, true] })
  pass(MAX_AGE_SECONDS + 1)
  const answers = await askAtOnce(user, 20)
  const expected = known(['all'], { department: ['south', '7', 'true'] })
  for (const answer of answers) expect(answer).toMatchObject(expected)
  expect(pingone).toMatchObject({ redemptions: 1, reuses: 0 })
  // The sign-in was not renewed.
  expect(answers[0]).toMatchObject({ authAgeSeconds: expect.closeTo(MAX_AGE_SECONDS, -1) })
  expect(await askOnce(user)).toMatchObject(expected)
  expect(pingone.redemptions).toBe(1)
})

test('an ordinary refresh renews the claims too', async () => {
  const { user, refreshGives } = await userWith(signedIn())
  refreshGives({ groups: ['new'] })
  pass(3590)
  await user.beginCall(intent())
  expect(pingone.redemptions).toBe(1)
  pass(500)
  expect(await askOnce(user)).toMatchObject(known(['new']))
  expect(pingone.redemptions).toBe(1)
})

test('PingOne that does not answer is an outage, never a denial, and it works again afterwards', async () => {
  const { user, refreshGives } = await userWith(signedIn())
  refreshGives({ groups: ['all'] })
  pass(MAX_AGE_SECONDS + 1)
  pingone.status = 503
  expect(await askOnce(user)).toBe('unavailable')
  // A policy that reads no claims needs none.
  expect(await within(user, (ask) => ask(false))).toMatchObject(known([]))
  pingone.status = 200
  expect(await askOnce(user)).toMatchObject(known(['all']))
  expect(await user.listGrants()).toMatchObject([{ ended: null }])
})

test.each([
  { name: 'no id token', claims: null },
  { name: 'an id token without any of the claims', claims: {} },
])('a refresh with $name renews nothing, and PingOne is asked once a minute', async ({ claims }) => {
  const { user, refreshGives } = await userWith(signedIn())
  refreshGives(claims)
  pass(MAX_AGE_SECONDS + 1)
  await within(user, async (ask) => {
    const answers = [...(await Promise.all(Array.from({ length: 20 }, () => ask()))), await ask()]
    expect(new Set(answers)).toEqual(new Set(['unavailable']))
    expect(pingone).toMatchObject({ redemptions: 1, reuses: 0 })
    pass(61)
    expect(await ask()).toBe('unavailable')
    expect(pingone.redemptions).toBe(2)
  })
  refreshGives({ department: 'south' })
  // An absent attribute is empty where another one is there.
  expect(await askOnce(user)).toMatchObject(known([], { department: ['south'] }))
})

test('a user who had none of the claims still has none after a refresh without them', async () => {
  const none = signedIn({ isAny: false, groups: [], claims: {} })
  const { user, refreshGives } = await userWith(none)
  refreshGives({})
  pass(MAX_AGE_SECONDS + 1)
  expect(await askOnce(user)).toMatchObject(known([]))
  expect(pingone.redemptions).toBe(1)
})

const MANY = Array.from({ length: 501 }, (_, at) => `group-${at}`)

test('a user in more groups than are read is no user without groups: later, until a refresh brings fewer', async () => {
  const { user, refreshGives } = await userWith(signedIn({ groups: [], incomplete: ['groups'] }))
  refreshGives({ groups: MANY })
  await within(user, async (ask) => {
    expect([await ask(), await ask()]).toEqual(['unavailable', 'unavailable'])
    expect(pingone.redemptions).toBe(1)
    // A policy that reads no claims needs none.
    expect(await ask(false)).toMatchObject(known([]))
    refreshGives({ groups: ['sales'] })
    pass(61)
    expect(await ask()).toMatchObject(known(['sales']))
  })
})

test('a refresh with too many groups renews nothing: those before count until they are too old', async () => {
  const { user, refreshGives } = await userWith(signedIn())
  refreshGives({ groups: MANY })
  pass(3590)
  await user.beginCall(intent())
  expect(pingone.redemptions).toBe(1)
  expect(await askOnce(user)).toBe('unavailable')
})

test('incomplete claims without a refresh token are later, and the user signs in anew once they are old', async () => {
  const { user } = await userWith(signedIn({ incomplete: ['groups'] }), { refreshToken: null })
  expect(await askOnce(user)).toBe('unavailable')
  pass(MAX_AGE_SECONDS + 1)
  expect(await askOnce(user)).toBe('ended')
})

test('without a refresh token the grant ends with its own reason, once', async () => {
  const { user } = await userWith(signedIn(), { refreshToken: null })
  expect(await askOnce(user)).toMatchObject(known(['sales', 'all']))
  pass(MAX_AGE_SECONDS + 1)
  expect(await askOnce(user)).toBe('ended')
  expect(await user.listGrants()).toMatchObject([{ ended: { reason: 'claims_too_old' } }])
})

test('a session that PingOne ended ends the grant, as any refresh would', async () => {
  const { user } = await userWith(signedIn())
  pass(MAX_AGE_SECONDS + 1)
  pingone.live.clear()
  expect(await askOnce(user)).toBe('ended')
  expect(await user.listGrants()).toMatchObject([{ ended: { reason: 'pingone_ended' } }])
})

test('claims of an unknown age are renewed first: of an older release, or read under other settings', async () => {
  const { user, refreshGives } = await userWith(null)
  refreshGives({ groups: ['all'] })
  expect(await askOnce(user)).toMatchObject(known(['all']))
  expect(pingone.redemptions).toBe(1)
  operator.sets({ ...NAMES, POLICY_CLAIMS: 'department, cost-center' })
  refreshGives({ groups: ['all'], 'cost-center': 42 })
  expect(await askOnce(user)).toMatchObject(known(['all'], { 'cost-center': ['42'] }))
  expect(pingone.redemptions).toBe(2)
})

test('an id token of another user renews nothing', async () => {
  const { user } = await userWith(signedIn())
  pingone.id = { sub: 'mallory', groups: ['admins'] }
  pass(MAX_AGE_SECONDS + 1)
  expect(await askOnce(user)).toBe('unavailable')
})

test('a step-up brings the claims, the flow and the time of its own sign-in', async () => {
  const { user, openId, approval } = await userWith(signedIn({ authenticatedAtSeconds: nowSeconds() - 9000 }))
  const signIn = signedIn({ groups: ['board'], claims: {}, authenticatedAtSeconds: nowSeconds() })
  const accessToken = await newAccessToken()
  expect(
    await user.approveStepUp(
      await openId(),
      await approval({ accessToken, refreshToken: newRefreshToken(), signIn }),
    ),
  ).toBe('widened')
  const answer = await askOnce(user)
  expect(answer).toMatchObject(known(['board']))
  expect(answer).toMatchObject({ authAgeSeconds: expect.closeTo(0, -1) })
})

test('claims are stored encrypted, for one grant, and go with it', async () => {
  const { user, stored } = await userWith(signedIn())
  const [row = '', ...others] = await stored('claims:')
  expect(others).toEqual([])
  for (const word of ['sales', 'north']) expect(row).not.toContain(word)
  // Another grant cannot open them.
  await runInDurableObject(user, (_object, { storage }) =>
    storage.kv.put('claims:another', storage.kv.get('claims:grant')),
  )
  const claimsIn = (state: DurableObjectState) => makeUserParts(state, () => env, userDeps).claims
  const opened = await runInDurableObject(user, async (_object, state) => {
    const claims = claimsIn(state)
    const row = claims.read('another')
    return row === null ? 'no row' : claims.open('another', row)
  })
  expect(opened).toBeNull()
  // Claims without a live grant are left by an earlier release that ended it.
  await runInDurableObject(user, (_object, state) => claimsIn(state).sweep())
  expect((await stored('claims:')).map((one) => one.split(' ')[0])).toEqual(['claims:grant'])
  await user.endGrant('grant', 'ended_by_user')
  expect(await stored('claims:')).toEqual([])
})
