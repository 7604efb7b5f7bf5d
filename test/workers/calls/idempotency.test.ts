import { runDurableObjectAlarm } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { begin, intent, userWith, rowsOf } from './story.ts'
import { auditStore, clock } from './worker.ts'

const RESULT = '{"structured":{"total":1},"text":"Added."}'
const KEY = { hash: 'hash-1' } as const
const callOf = (start: unknown): string =>
  typeof start === 'object' && start !== null && 'call' in start ? String(start.call) : ''

test('a write that was done is answered again, from another message and until a day is over', async () => {
  const user = await userWith('done', 'g1')
  const first = await begin(user)
  expect(first).toMatchObject({ verdict: 'go', downstreamToken: 'the-access-token' })
  await user.endCall(callOf(first), 'done', RESULT)
  const repeat = { verdict: 'repeat', call: callOf(first), result: RESULT }
  expect(await begin(user)).toEqual(repeat)
  clock.nowMs += 24 * 3_600_000 - 1
  expect(await begin(user)).toEqual(repeat)
  expect(await rowsOf(user)).toHaveLength(1)
  clock.nowMs += 1
  expect(await begin(user)).toMatchObject({ verdict: 'go' })
})

test('twenty calls at once with one key: one effect, and all get its answer', async () => {
  const user = await userWith('twenty', 'g1')
  let effects = 0
  const call = async (): Promise<string | null> => {
    const start = await begin(user)
    if (start.verdict === 'repeat') return start.result
    if (start.verdict !== 'go') return start.verdict
    effects += 1
    await scheduler.wait(50)
    await user.endCall(start.call, 'done', RESULT)
    return RESULT
  }
  const answers = await Promise.all(Array.from({ length: 20 }, call))
  expect(effects).toBe(1)
  expect(new Set(answers)).toEqual(new Set([RESULT]))
  expect(await rowsOf(user)).toHaveLength(1)
})

test('who waits for a call that takes too long is told that it runs, and nothing more runs', async () => {
  const user = await userWith('slow', 'g1')
  const first = await begin(user)
  expect(await begin(user)).toEqual({ verdict: 'running', call: callOf(first) })
  expect(await rowsOf(user)).toMatchObject([{ id: callOf(first), outcome: null }])
})

test('the same key for other arguments is refused, whatever became of the first', async () => {
  const user = await userWith('other', 'g1')
  for (const outcome of ['done', 'refused', 'failed', 'unknown'] as const) {
    const key = { ...KEY, hash: outcome }
    const first = await begin(user, { key })
    const other = { key, argumentsDigest: 'digest-2' }
    const mismatch = { verdict: 'mismatch', call: callOf(first) }
    expect(await begin(user, other)).toEqual(mismatch)
    await user.endCall(callOf(first), outcome, null)
    expect(await begin(user, other)).toEqual(mismatch)
  }
})

test('a call that changed nothing may be made again with its key; one of unknown outcome may not', async () => {
  const user = await userWith('again', 'g1')
  for (const outcome of ['refused', 'failed'] as const) {
    const start = await begin(user)
    expect(start.verdict).toBe('go')
    await user.endCall(callOf(start), outcome, null)
  }
  const last = await begin(user)
  await user.endCall(callOf(last), 'unknown', null)
  expect(await begin(user)).toEqual({ verdict: 'unknown', call: callOf(last) })
})

test('a call without a key is a call of its own', async () => {
  const user = await userWith('keyless', 'g1')
  for (let n = 0; n < 2; n += 1) {
    const start = await begin(user, { key: null })
    expect(start.verdict).toBe('go')
    await user.endCall(callOf(start), 'done', RESULT)
  }
  expect(await rowsOf(user)).toMatchObject([{ result: null }, { result: null }])
})

test('a key lasts a day, and then its answer is gone', async () => {
  const user = await userWith('day', 'g1')
  const first = await begin(user)
  await user.endCall(callOf(first), 'done', RESULT)
  clock.nowMs += 24 * 3_600_000
  expect(await runDurableObjectAlarm(user)).toBe(true)
  // The call itself is in the audit log.
  expect(await rowsOf(user)).toEqual([])
  expect(auditStore.bodiesOf('day')).toContainEqual(
    expect.objectContaining({ type: 'call', transaction: callOf(first), outcome: 'done' }),
  )
  expect(await begin(user)).toMatchObject({ verdict: 'go' })
})

test('what is kept is encrypted, goes when its grant ends, and the change stays known', async () => {
  const user = await userWith('encrypted', 'g1', 'g2')
  const first = await begin(user)
  await user.endCall(callOf(first), 'done', RESULT)
  const [row] = await rowsOf(user)
  expect(row?.['result']).toMatch(/^v1\.k1\./)
  expect(JSON.stringify(row)).not.toContain('Added')
  // Two grants of the same user and client share their keys.
  expect(await begin(user, { grant: 'g2' })).toMatchObject({ verdict: 'repeat', result: RESULT })
  await user.endGrant('g1', 'ended_by_user')
  expect(await rowsOf(user)).toMatchObject([{ outcome: 'done', result: null }])
  expect(await begin(user)).toEqual({ verdict: 'ended' })
  expect(await begin(user, { grant: 'g2' })).toEqual({
    verdict: 'repeat',
    call: callOf(first),
    result: null,
  })
})

test('a grant that ends while its call runs keeps no answer', async () => {
  const user = await userWith('ends', 'g1')
  const first = await begin(user)
  await user.endGrant('g1', 'ended_by_user')
  await user.endCall(callOf(first), 'done', RESULT)
  expect(await rowsOf(user)).toMatchObject([{ outcome: 'done', result: null }])
})

test('a message that comes twice is one call, and begins again where the first could not start', async () => {
  const user = await userWith('twice', 'g1')
  const message = intent()
  for (let n = 0; n < 2; n += 1) {
    expect(await user.beginCall(message)).toMatchObject({ verdict: 'go', call: message.transaction })
  }
  await user.endCall(message.transaction, 'refused', null)
  expect(await user.beginCall(message)).toMatchObject({ verdict: 'go' })
  for (const outcome of ['done', 'failed'] as const) await user.endCall(message.transaction, outcome, null)
  expect(await rowsOf(user)).toMatchObject([{ id: message.transaction, outcome: 'done' }])
})
