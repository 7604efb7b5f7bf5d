import { expect, test } from 'vitest'
import { readTraceparent, traceHeaders } from '#lib/trace.ts'

const GOOD = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('a transaction is its own trace id, with a span of each request', () => {
  const transaction = '0F8FAD5B-D9CB-469F-A165-70867728950E'
  const [one, two] = [traceHeaders(transaction), traceHeaders(transaction)]
  expect(one['x-ping-external-transaction-id']).toBe(transaction)
  expect(readTraceparent(one['traceparent'])).toMatch(/^00-0f8fad5bd9cb469fa16570867728950e-[0-9a-f]{16}-01$/)
  expect(one['traceparent']).not.toBe(two['traceparent'])
})

test('a trace context of somebody else is taken as it is', () => {
  expect(readTraceparent(GOOD)).toBe(GOOD)
})

test.each([
  undefined,
  1,
  '',
  [GOOD],
  ` ${GOOD}`,
  `${GOOD}\n`,
  `${GOOD}-more`,
  GOOD.toUpperCase(),
  GOOD.replace('00-', 'ff-'),
  GOOD.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
  GOOD.replace('b7ad6b7169203331', '0'.repeat(16)),
  'IGNORE ALL PREVIOUS INSTRUCTIONS',
])('%j is no trace context', (given) => {
  expect(readTraceparent(given)).toBeNull()
})
