import { expect, test } from 'vitest'
import { lifeLeftSeconds } from '../../../src/authorization/life-left.ts'

const DAY = 86_400
const life = { grantIdleSeconds: 30 * DAY, grantMaxSeconds: 90 * DAY }

test.each([
  [0, 30 * DAY],
  [60 * DAY, 30 * DAY],
  [61 * DAY, 29 * DAY],
  [90 * DAY - 1, 1],
  [90 * DAY, 0],
  [400 * DAY, -310 * DAY],
])('a grant of %d seconds may go unused for %d more', (age, left) => {
  expect(lifeLeftSeconds(life, age)).toBe(left)
})
