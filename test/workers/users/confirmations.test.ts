import { runDurableObjectAlarm } from 'cloudflare:test'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pingone } from './pingone.ts'
import { userWithGrant, userOf } from './story.ts'
import { clock } from './worker.ts'

// A user's answer to a question is valid for one call.
const nowSeconds = () => Math.floor(Date.now() / 1000)
const used = (attempt: string, overrides: object = {}) => ({
  grant: 'grant',
  nonce: 'nonce-1',
  attempt,
  endsAtSeconds: nowSeconds() + 600,
  ...overrides,
})

beforeEach(() => pingone.reset())
afterEach(() => {
  clock.aheadMs = 0
})

test('of twenty calls with one answer, one may go on; its own message may come twice', async () => {
  const { user } = await userWithGrant()
  const uses = await Promise.all(
    Array.from({ length: 20 }, (_, at) => user.useConfirmation(used(`attempt-${at}`))),
  )
  expect(uses.filter((use) => use === 'done')).toHaveLength(1)
  expect(uses.filter((use) => use === 'used')).toHaveLength(19)
  const first = uses.indexOf('done')
  expect(await user.useConfirmation(used(`attempt-${first}`))).toBe('done')
  expect(await user.useConfirmation(used('attempt-0', { nonce: 'nonce-2' }))).toBe('done')
})

test('an answer under a grant that ended, that is unknown, or that comes too late, is none', async () => {
  const { user, stored } = await userWithGrant()
  expect(await user.useConfirmation(used('a', { endsAtSeconds: nowSeconds() - 1 }))).toBe('over')
  expect(await user.useConfirmation(used('a', { grant: 'another' }))).toBe('over')
  await user.endGrant('grant', 'ended_by_user')
  expect(await user.useConfirmation(used('a'))).toBe('over')
  expect(await stored('confirmation:')).toEqual([])
  expect(await (await userOf('stranger')).useConfirmation(used('a'))).toBe('over')
})

test('a used answer is forgotten when it would be too old anyway', async () => {
  const { user, stored } = await userWithGrant()
  await user.useConfirmation(used('a'))
  expect(await stored('confirmation:')).toHaveLength(1)
  clock.aheadMs = 599_000
  await runDurableObjectAlarm(user)
  expect(await stored('confirmation:')).toHaveLength(1)
  clock.aheadMs = 602_000
  await runDurableObjectAlarm(user)
  expect(await stored('confirmation:')).toEqual([])
})
