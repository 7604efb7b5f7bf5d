import { runDurableObjectAlarm } from 'cloudflare:test'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { UserAnswer } from '#users/calls/calls.ts'
import { pingone } from './pingone.ts'
import { intent, userOf, userWithGrant } from './story.ts'
import { clock } from './worker.ts'

// A user's answer to a question is valid for one call.
const nowSeconds = () => Math.floor(Date.now() / 1000)
const answering = (
  transaction: string,
  { grant = 'grant', ...answer }: Partial<UserAnswer> & { grant?: string } = {},
) =>
  intent({
    grant,
    transaction,
    answer: {
      client: 'client',
      nonce: 'nonce-1',
      endsAtSeconds: nowSeconds() + 600,
      isDeclined: false,
      ...answer,
    },
  })

beforeEach(() => pingone.reset())
afterEach(() => {
  clock.aheadMs = 0
})

test('of twenty calls with one answer, one may go on; its own message may come twice', async () => {
  const { user } = await userWithGrant()
  const use = async (...call: Parameters<typeof answering>) =>
    (await user.beginCall(answering(...call))).verdict
  const uses = await Promise.all(Array.from({ length: 20 }, (_, at) => use(`call-${at}`)))
  expect(uses.filter((verdict) => verdict === 'go')).toHaveLength(1)
  expect(uses.filter((verdict) => verdict === 'bad_answer')).toHaveLength(19)
  const first = uses.indexOf('go')
  expect(await use(`call-${first}`)).toBe('go')
  expect(await use('another', { nonce: 'nonce-2' })).toBe('go')
})

test('an answer under a grant that ended, that is unknown, or that comes too late, is none', async () => {
  const { user, stored } = await userWithGrant()
  const late = answering('a', { endsAtSeconds: nowSeconds() - 1 })
  expect(await user.beginCall(late)).toEqual({ verdict: 'bad_answer' })
  expect(await user.beginCall(answering('a', { grant: 'another' }))).toEqual({ verdict: 'ended' })
  expect(await user.beginCall(answering('a', { client: 'other' }))).toEqual({ verdict: 'bad_answer' })
  await user.endGrant('grant', 'ended_by_user')
  expect(await user.beginCall(answering('a'))).toEqual({ verdict: 'ended' })
  expect(await stored('confirmation:')).toEqual([])
  expect(await (await userOf('stranger')).beginCall(answering('a'))).toEqual({ verdict: 'ended' })
})

test('a "no" is used up like a "yes"', async () => {
  const { user } = await userWithGrant()
  expect(await user.beginCall(answering('a', { isDeclined: true }))).toEqual({ verdict: 'declined' })
  expect(await user.beginCall(answering('b'))).toEqual({ verdict: 'bad_answer' })
})

test('a call that certainly changed nothing gives its answer back; any other uses it up', async () => {
  const { user } = await userWithGrant()
  // PingOne does not answer, and the token is over.
  clock.aheadMs = 3_600_000
  pingone.status = 503
  const endsAtSeconds = nowSeconds() + 4000
  const noToken = await user.beginCall(answering('no-token', { endsAtSeconds }))
  expect(noToken).toMatchObject({ verdict: 'unavailable' })
  pingone.status = 200
  expect(await user.beginCall(answering('again', { endsAtSeconds }))).toMatchObject({ verdict: 'go' })
  await user.endCall('again', 'refused', null)
  clock.aheadMs = 0
  for (const outcome of ['refused', 'failed'] as const) {
    expect(await user.beginCall(answering(outcome))).toMatchObject({ verdict: 'go' })
    await user.endCall(outcome, outcome, null)
  }
  expect(await user.beginCall(answering('last'))).toMatchObject({ verdict: 'go' })
  await user.endCall('last', 'unknown', null)
  expect(await user.beginCall(answering('after'))).toEqual({ verdict: 'bad_answer' })
})

test('a late report that a call did nothing gives back neither the answer of a call that acted nor a "no"', async () => {
  const { user } = await userWithGrant()
  expect(await user.beginCall(answering('acts'))).toMatchObject({ verdict: 'go' })
  await user.endCall('acts', 'done', null)
  await user.endCall('acts', 'refused', null)
  expect(await user.beginCall(answering('again'))).toEqual({ verdict: 'bad_answer' })
  const no = { nonce: 'nonce-2', isDeclined: true }
  expect(await user.beginCall(answering('declines', no))).toEqual({ verdict: 'declined' })
  await user.endCall('declines', 'refused', null)
  expect(await user.beginCall(answering('turns', { nonce: 'nonce-2' }))).toEqual({ verdict: 'bad_answer' })
})

test('a used answer is forgotten when it would be too old anyway', async () => {
  const { user, stored } = await userWithGrant()
  await user.beginCall(answering('a'))
  expect(await stored('confirmation:')).toHaveLength(1)
  clock.aheadMs = 599_000
  await runDurableObjectAlarm(user)
  expect(await stored('confirmation:')).toHaveLength(1)
  clock.aheadMs = 602_000
  await runDurableObjectAlarm(user)
  expect(await stored('confirmation:')).toEqual([])
})
