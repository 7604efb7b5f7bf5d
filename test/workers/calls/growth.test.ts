import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { canonicalDigest } from '#lib/hash.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { ERASED_AT_ONCE } from '#oauth-store/spent-tokens.ts'
import {
  CALLS_LAST_MINUTES,
  ENDED_GRANTS,
  MOST_CLOSING,
  MOST_CONFIRMATIONS,
  MOST_LIVE_KEYS,
  MOST_RESULTS,
  MOST_REVOCATIONS,
  MOST_SIGN_INS,
  REFRESHES_PER_GRANT,
  TOKENS_PER_GRANT,
} from '#users/bounds.ts'
import { grantKey, tokenKey } from '#users/grants/grant-records.ts'
import { ROOT_KEYS } from '../settings.ts'
import { begin, fillCalls, newGrant, userWith } from './story.ts'
import { auditStore, clock, config, operator, sessionObjects } from './worker.ts'
import { present } from '../present.ts'

// Each table of a user's object has a bound (docs/limits.md), and each test here exceeds one.

type User = Awaited<ReturnType<typeof userWith>>

const nowSeconds = () => Math.floor(clock.nowMs / 1000)
const HOUR_SECONDS = 3600
const MONTH_SECONDS = 30 * 24 * HOUR_SECONDS

const stored = (user: User, prefix: string) =>
  runInDurableObject(user, (_object, { storage }) =>
    Array.from(storage.kv.list({ prefix }), ([key, value]) => ({ key, value })),
  )
const bytesOf = (user: User) => runInDurableObject(user, (_object, { storage }) => storage.sql.databaseSize)

const hashOf = (name: string) => `${name}-`.padEnd(64, '0')
const recordAt = (refresh: number) =>
  JSON.stringify({
    clientId: 'client-a',
    scope: ['todo:read'],
    refreshTokenId: hashOf(`r${refresh}`),
    previousRefreshTokenWrappedKey: 'w'.repeat(54),
  })

/** A client that redeemed its code and refreshes, with rows in the library's format. */
async function refresher(name: string) {
  const user = await userWith(name)
  await user.openGrant({ ...newGrant('g1'), record: { value: recordAt(0), expiresAtSeconds: null } })
  let at = 0
  const refresh = async () => {
    const [from, to] = [at, at + 1]
    const { waitSeconds, over } = await user.snapshot('g1', hashOf(`r${from}`), true)
    if (waitSeconds > 0 || over !== null) return { waitSeconds, over }
    const endsAt = nowSeconds() + HOUR_SECONDS
    const token = {
      expiresAt: endsAt,
      audience: 'x',
      scope: ['todo:read'],
      grant: { clientId: 'client-a', scope: ['todo:read'], encryptedProps: 'p'.repeat(80) },
      wrappedEncryptionKey: 'k'.repeat(54),
    }
    const { outcome } = await user.commit('g1', {
      before: recordAt(from),
      presented: hashOf(`r${from}`),
      spent: {
        hash: hashOf(`r${from}`),
        answer: 'a'.repeat(900),
        asked: '[null,[]]',
        network: '192.0.2.0/24',
      },
      writes: [
        [grantKey('g1'), { value: recordAt(to), expiresAtSeconds: nowSeconds() + MONTH_SECONDS }],
        [tokenKey('g1', hashOf(`a${to}`)), { value: JSON.stringify(token), expiresAtSeconds: endsAt }],
      ],
    })
    expect(outcome).toBe('done')
    at = to
    return { waitSeconds: 0, over: null }
  }
  return { user, refresh, isAlive: (token: number) => present(user, 'g1', hashOf(`a${token}`)) }
}

test('refreshes, as many as one likes: what is kept of each is small, and the first is still known as spent', async () => {
  const { user, refresh } = await refresher('refreshes')
  const refreshTimes = async (times: number) => {
    for (let count = 0; count < times; count += 1, clock.nowMs += 1000) {
      await refresh()
      // The audit log takes the events every few seconds.
      if (count % 4 === 3) await runDurableObjectAlarm(user)
    }
  }
  await refreshTimes(80)
  const before = await bytesOf(user)
  await refreshTimes(300)
  // One row holds a hash and a wrapped key.
  expect(((await bytesOf(user)) - before) / 300).toBeLessThan(250)
  expect(await stored(user, 'record:token:')).toHaveLength(TOKENS_PER_GRANT)
  expect((await stored(user, 'spent:')).length).toBeLessThan(70)
  clock.nowMs += 61_000
  await runDurableObjectAlarm(user)
  expect((await stored(user, 'spent:')).length).toBeLessThanOrEqual(1)
  expect(await user.snapshot('g1', hashOf('r0'), true)).toMatchObject({ repeat: 'reuse', waitSeconds: 0 })
})

test('a stream is told of its access token as it is: alive, replaced too often, over, or gone with its grant', async () => {
  const { user, refresh } = await refresher('stream-tokens')
  const isAlive = (token: string) => user.hasToken('g1', token, [])
  for (let count = 0; count < TOKENS_PER_GRANT; count += 1, clock.nowMs += 1000) await refresh()
  expect([await isAlive(hashOf('a1')), await isAlive(hashOf('a2'))]).toEqual([true, true])
  await refresh()
  expect([await isAlive(hashOf('a1')), await isAlive(hashOf('a2'))]).toEqual([false, true])
  expect([await isAlive('made-up'), await user.hasToken('g2', hashOf('a2'), [])]).toEqual([false, false])
  const isAliveAt = async (afterSeconds: number) => {
    clock.nowMs += afterSeconds * 1000
    return isAlive(hashOf('a11'))
  }
  expect([await isAliveAt(HOUR_SECONDS - 1), await isAliveAt(2)]).toEqual([true, false])
  await refresh()
  expect(await isAlive(hashOf('a12'))).toBe(true)
  await user.endGrant('g1', 'ended_by_user')
  expect(await isAlive(hashOf('a12'))).toBe(false)
})

test('a client that refreshes too often waits, and the same refresh token is good afterwards', async () => {
  const { refresh, isAlive } = await refresher('too-often')
  const { requestsPerMinute } = config.limits
  for (let count = 0; count < requestsPerMinute; count += 1) expect((await refresh()).waitSeconds).toBe(0)
  expect(await refresh()).toEqual({ waitSeconds: 1, over: null })
  // Calls and refreshes share one limit per grant.
  expect(await isAlive(requestsPerMinute)).toMatchObject({ bearer: null, waitSeconds: 1 })
  clock.nowMs += 1000
  expect(await refresh()).toEqual({ waitSeconds: 0, over: null })
})

test('an object that was taken out of memory counts the refreshes of the last minute', async () => {
  const { user, refresh } = await refresher('evicted-refresher')
  for (let count = 0; count < config.limits.requestsPerMinute; count += 1) await refresh()
  await evictDurableObject(user)
  expect((await refresh()).waitSeconds).toBeGreaterThan(0)
})

test('a refresh token that was made up counts nothing', async () => {
  const { user, refresh } = await refresher('made-up')
  for (let count = 0; count < 2 * config.limits.requestsPerMinute; count += 1)
    expect((await user.snapshot('g1', hashOf(`made-up-${count}`), true)).waitSeconds).toBe(0)
  expect((await refresh()).waitSeconds).toBe(0)
})

test('a grant ends that was refreshed as often as one may be, and what it kept goes in parts', async () => {
  const { user, refresh } = await refresher('worn-out')
  await refresh()
  await runInDurableObject(user, (_object, { storage }) => {
    storage.kv.put('refreshes:g1:', { count: REFRESHES_PER_GRANT - 1, recent: [hashOf('r0')] })
    for (let old = 0; old < 2.5 * ERASED_AT_ONCE; old += 1) storage.kv.put(`old:g1:${old}`, 'w'.repeat(54))
  })
  expect((await refresh()).over).toBeNull()
  expect((await refresh()).over).toBe('refreshed_too_often')
  await user.endGrant('g1', 'refreshed_too_often')
  const remaining = async () => (await stored(user, 'old:')).length
  expect(await remaining()).toBeGreaterThan(ERASED_AT_ONCE)
  let alarms = 0
  for (; (await remaining()) > 0 && alarms < 10; alarms += 1) await runDurableObjectAlarm(user)
  expect([await remaining(), alarms]).toEqual([0, 2])
  expect(await stored(user, 'erasing:')).toEqual([])
})

test('of grants that ended the newest hundred are kept', async () => {
  const user = await userWith('many-grants')
  for (let count = 0; count < ENDED_GRANTS + 20; count += 1, clock.nowMs += 1000) {
    await user.openGrant(newGrant(`g${count}`))
    await user.endGrant(`g${count}`, 'ended_by_user')
  }
  const grants = await user.listGrants()
  expect(grants).toHaveLength(ENDED_GRANTS)
  expect(grants.map(({ id }) => id)).toContain(`g${ENDED_GRANTS + 19}`)
  expect(grants.map(({ id }) => id)).not.toContain('g19')
})

test('tokens that PingOne is still to hear of are so many and no more, and one alarm tells some of them', async () => {
  const user = await userWith('many-revocations')
  for (let count = 0; count < MOST_REVOCATIONS + 5; count += 1, clock.nowMs += 1000) {
    await user.openGrant(newGrant(`g${count}`))
    await user.endGrant(`g${count}`, 'ended_by_user')
  }
  expect(await stored(user, 'revoke:')).toHaveLength(MOST_REVOCATIONS)
})

test('sessions that cannot be told that they are over are given up when they are too many', async () => {
  const user = await userWith('many-sessions', 'g1')
  await runInDurableObject(user, (_object, { storage }) => {
    for (let count = 0; count < MOST_CLOSING + 100; count += 1)
      storage.kv.put(`closing-session:s${count}`, { tries: 1, notBeforeSeconds: nowSeconds() })
  })
  sessionObjects.areDown = true
  const before = sessionObjects.told.length
  await runInDurableObject(user, (object) => object.alarm())
  await expect.poll(() => sessionObjects.told.length - before).toBe(50)
  expect(await stored(user, 'closing-session:')).toHaveLength(MOST_CLOSING)
  sessionObjects.areDown = false
})

test('an answer to a question too many is refused, and none that was used is forgotten', async () => {
  const user = await userWith('many-answers', 'g1')
  const endsAtSeconds = nowSeconds() + 600
  const use = async (nonce: string) =>
    (await begin(user, { key: null, answer: { client: 'client-a', nonce, endsAtSeconds, isDeclined: true } }))
      .verdict
  for (let count = 0; count < MOST_CONFIRMATIONS; count += 1) expect(await use(`n${count}`)).toBe('declined')
  expect(await use('one more')).toBe('bad_answer')
  expect(await use('n0')).toBe('bad_answer')
})

test('a sign-in too many within ten minutes is refused, and none that was used is forgotten', async () => {
  const user = await userWith('many-sign-ins')
  const use = (id: string, attempt: string) => user.useSignIn(id, attempt, nowSeconds() + 600)
  for (let count = 0; count < MOST_SIGN_INS; count += 1) expect(await use(`s${count}`, 'a')).toBe('done')
  expect(await use('one more', 'a')).toBe('used')
  expect(await use('s0', 'b')).toBe('used')
  clock.nowMs += 601_000
  await runDurableObjectAlarm(user)
  expect(await use('one more', 'a')).toBe('done')
})

const countCalls = (user: User, where = 'TRUE') =>
  runInDurableObject(user, (_object, { storage }) =>
    Number(storage.sql.exec(`SELECT COUNT(*) AS rows FROM calls WHERE ${where}`).one()['rows']),
  )

test('calls that are over are deleted some at a time, and none of them before the audit log has it', async () => {
  const user = await userWith('many-calls', 'g1')
  await fillCalls(user, 1200, 'NULL, NULL, NULL')
  await begin(user, { key: null })
  auditStore.isDown = true
  clock.nowMs += CALLS_LAST_MINUTES * 60_000
  await runInDurableObject(user, (object) => object.alarm())
  expect(await countCalls(user)).toBe(1201)
  auditStore.isDown = false
  clock.nowMs += HOUR_SECONDS * 1000
  const counts: number[] = []
  for (let alarms = 0; alarms < 6 && counts.at(-1) !== 0; alarms += 1) {
    await runInDurableObject(user, (object) => object.alarm())
    counts.push(await countCalls(user))
  }
  expect(counts.at(-1)).toBe(0)
  expect(auditStore.bodiesOf('many-calls').filter(({ outcome }) => outcome === 'unknown')).toHaveLength(1)
})

test('a write with a key is refused where as many keys hold as may; a repeat is still answered', async () => {
  const user = await userWith('many-keys', 'g1')
  await fillCalls(user, MOST_LIVE_KEYS, `'k' || i, ${clock.nowMs + 1000}, NULL`)
  expect(await begin(user, { key: { hash: 'new' } })).toMatchObject({
    verdict: 'unavailable',
  })
  const repeat = { key: { hash: 'k7' }, argumentsDigest: 'd' }
  expect(await begin(user, repeat)).toEqual({ verdict: 'repeat', call: 'c7', result: null })
  clock.nowMs += 1001
  expect(await begin(user, { key: { hash: 'new' } })).toMatchObject({ verdict: 'go' })
  // The alarm deletes expired keys in batches.
  await runInDurableObject(user, (object) => object.alarm())
  expect(await countCalls(user, 'key_hash IS NOT NULL')).toBe(MOST_LIVE_KEYS - 500 + 1)
})

test('answers for a repeat are so many and no more: of older ones is known that they were given', async () => {
  const user = await userWith('many-results', 'g1')
  await fillCalls(user, MOST_RESULTS + 30, `'k' || i, ${clock.nowMs} + i, 'encrypted'`)
  const start = await begin(user, { key: { hash: 'new' } })
  if (start.verdict !== 'go') throw new Error(start.verdict)
  await user.endCall(start.call, 'done', '{"structured":{},"text":"Added."}')
  expect(await countCalls(user, 'result IS NOT NULL')).toBe(MOST_RESULTS)
  const first = { key: { hash: 'k1' }, argumentsDigest: 'd' }
  expect(await begin(user, first)).toEqual({ verdict: 'repeat', call: 'c1', result: null })
})

test('what is on record of arguments is nothing that anyone can find by trying', async () => {
  const [one, other] = [await userWith('digest-1', 'g1'), await userWith('digest-2', 'g1')]
  const argumentsDigest = await canonicalDigest({ id: '1' })
  const digestsOf = (user: User) =>
    runInDurableObject(user, (_object, { storage }) =>
      storage.sql
        .exec('SELECT arguments_digest FROM calls')
        .toArray()
        .map((row) => row['arguments_digest']),
    )
  for (const user of [one, one, other]) await begin(user, { key: null, argumentsDigest })
  const [first, again] = await digestsOf(one)
  expect(first).toMatch(/^k1\.[A-Za-z0-9_-]{43}$/)
  expect(again).toBe(first)
  expect(await digestsOf(other)).not.toContain(first)
  expect(first).not.toContain(argumentsDigest)
})

test('the same write is known under an older root key, and from before digests were keyed', async () => {
  const user = await userWith('older-digest', 'g1')
  const repeat = { key: { hash: 'k1' }, argumentsDigest: 'digest-of-old' }
  await fillCalls(user, 1, `'k' || i, ${clock.nowMs + 100_000}, NULL`)
  await runInDurableObject(user, (_object, { storage }) =>
    storage.sql.exec("UPDATE calls SET arguments_digest = 'digest-of-old'"),
  )
  expect(await begin(user, repeat)).toMatchObject({ verdict: 'repeat', call: 'c1' })
  const start = await begin(user, { key: { hash: 'k2' } })
  if (start.verdict !== 'go') throw new Error(start.verdict)
  await user.endCall(start.call, 'done', null)
  const keys = await readKeys()
  operator.config = { ...config, rootKeys: keys }
  expect(await begin(user, { key: { hash: 'k2' } })).toMatchObject({ verdict: 'repeat' })
  operator.config = config
})

/** The configured root keys behind a newer one. */
async function readKeys() {
  const keys = readRootKeys(`k2:${'C'.repeat(42)}A,${ROOT_KEYS}`, undefined)
  if (!keys.ok) throw new Error(keys.error)
  return keys.value
}
