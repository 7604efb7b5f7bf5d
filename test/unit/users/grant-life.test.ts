import { expect, test } from 'vitest'
import type { Grant } from '#users/grants/grant.ts'
import { recordInTime, expiryReason } from '#users/grants/grant.ts'

const DAY = 86_400
const life = { grantMaxSeconds: 30 * DAY }

const grantOf = (given: Partial<Grant>): Grant => ({
  id: 'g',
  client: 'c',
  shown: null,
  pingOneSession: null,
  userName: null,
  preferredUsername: null,
  openedAtSeconds: 0,
  downstreamScopes: [],
  tenant: { issuer: 'i', clientId: 'c', audience: 'a', environment: null },
  encrypted: '',
  downstreamEndsAtSeconds: 3600,
  isRenewable: true,
  replacedAtSeconds: null,
  usedAtSeconds: 0,
  operator: null,
  ended: null,
  ...given,
})
const recordUntil = (expiresAt: number) => JSON.stringify({ clientId: 'c', expiresAt })

// With GRANT_IDLE_DAYS at or above GRANT_MAX_DAYS both limits end at the same second.
test.each([
  ['the day before', 29 * DAY, 30 * DAY, null],
  ['a minute before', 30 * DAY - 60, 30 * DAY, null],
  ['in the last minute', 30 * DAY - 59, 30 * DAY, 'too_old'],
  ['at the second', 30 * DAY, 30 * DAY, 'too_old'],
  ['later', 31 * DAY, 30 * DAY, 'too_old'],
  ['unused for too long before that', 20 * DAY, 20 * DAY, 'idle'],
] as const)('a grant %s', (_, nowSeconds, idleUntil, over) => {
  expect(recordInTime(grantOf({}), recordUntil(idleUntil), life, nowSeconds).over).toBe(over)
})

test('a record that ran out did so because of its age, or because nobody refreshed it', () => {
  expect(expiryReason(grantOf({}), life, 30 * DAY - 61)).toBe('idle')
  expect(expiryReason(grantOf({}), life, 30 * DAY - 59)).toBe('too_old')
  expect(expiryReason(grantOf({ isRenewable: false }), life, 3600)).toBe('downstream_expired')
})

test('without a refresh token of PingOne’s it is over with its access token, but not later than the longest life', () => {
  const once = grantOf({ isRenewable: false })
  expect(recordInTime(once, recordUntil(3600), life, 3540).over).toBeNull()
  expect(recordInTime(once, recordUntil(3600), life, 3541).over).toBe('downstream_expired')
  const long = grantOf({ isRenewable: false, downstreamEndsAtSeconds: 40 * DAY })
  expect(recordInTime(long, recordUntil(30 * DAY), life, 30 * DAY).over).toBe('too_old')
})

test('the library sees a grant that is over without its end, and any other as it is', () => {
  const record = recordUntil(30 * DAY)
  expect(recordInTime(grantOf({}), record, life, DAY).grant).toBe(record)
  expect(recordInTime(grantOf({}), record, life, 30 * DAY).grant).toBe(JSON.stringify({ clientId: 'c' }))
})

test('a code that is not redeemed yet has no idle time, and what has no record is not over', () => {
  expect(recordInTime(grantOf({}), JSON.stringify({ clientId: 'c' }), life, DAY).over).toBeNull()
  expect(recordInTime(grantOf({}), null, life, 40 * DAY)).toEqual({ grant: null, over: null })
})
