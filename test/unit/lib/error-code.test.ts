import { expect, test } from 'vitest'
import { loggedErrorCode } from '#lib/redacted.ts'

test.each([
  ['invalid_grant', 'invalid_grant'],
  ['NOT_FOUND', 'NOT_FOUND'],
  ['', 'not a code'],
  ['Ada Lovelace', 'not a code'],
  ['eyJhbGciOiJub25lIn0.e30.', 'not a code'],
  ['x'.repeat(41), 'not a code'],
])('of %j the log has %j', (code, logged) => {
  expect(loggedErrorCode(code)).toBe(logged)
})
