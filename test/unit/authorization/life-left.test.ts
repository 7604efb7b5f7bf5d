import { expect, test } from 'vitest'
import { lifeLeftSeconds } from '#authorization/grant-props.ts'

const DAY = 86_400
const life = { grantIdleSeconds: 30 * DAY, grantMaxSeconds: 90 * DAY }

test.each([
  [0, 30 * DAY],
  [60 * DAY, 30 * DAY],
  [61 * DAY, 29 * DAY],
  [90 * DAY - 61, 61],
  // The library's minimum is 60 s (Workers KV). The User object still ends the grant on time.
  [90 * DAY - 1, 60],
  [400 * DAY, 60],
])('a grant of %d seconds may go unused for %d more', (age, left) => {
  expect(lifeLeftSeconds(life, { openedAtSeconds: 1000, downstreamEndsAtSeconds: null }, 1000 + age)).toBe(
    left,
  )
})

test.each([
  [0, 3600],
  [3000, 600],
  [3600, 60],
])('one that PingOne will not renew lives as long as its token: after %d seconds, %d more', (age, left) => {
  expect(lifeLeftSeconds(life, { openedAtSeconds: 1000, downstreamEndsAtSeconds: 4600 }, 1000 + age)).toBe(
    left,
  )
})

test('PingOne’s token does not make a grant live longer than GRANT_MAX_DAYS', () => {
  const short = { grantIdleSeconds: 30 * DAY, grantMaxSeconds: DAY }
  expect(lifeLeftSeconds(short, { openedAtSeconds: 0, downstreamEndsAtSeconds: 30 * DAY }, 0)).toBe(DAY)
})
