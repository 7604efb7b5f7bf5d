import { expect, test } from 'vitest'
import { addressPrefix } from '#lib/addresses.ts'

test.each([
  ['192.0.2.7', '192.0.2.0/24'],
  ['192.0.2.255', '192.0.2.0/24'],
  ['::ffff:192.0.2.7', '192.0.2.0/24'],
  ['::FFFF:192.0.2.7', '192.0.2.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
  ['2001:0DB8:0001::9', '2001:db8:1::/48'],
  ['2001:db8::1', '2001:db8:0::/48'],
  ['2001:db8:0:ffff::', '2001:db8:0::/48'],
  ['::1', '0:0:0::/48'],
  ['::', '0:0:0::/48'],
  [null, 'unknown'],
  ['', 'unknown'],
  ['localhost', 'unknown'],
  ['1.2.3', 'unknown'],
  ['1:2:3', 'unknown'],
  ['1::2::3', 'unknown'],
  ['1:2:3:4:5:6:7:8::', 'unknown'],
  ['2001:db8:1:2:3:4:5:6:7', 'unknown'],
  ['2001:db8:xyzw::1', 'unknown'],
  ['192.0.2.7, 203.0.113.9', 'unknown'],
])('%s is in %s', (address, prefix) => {
  expect(addressPrefix(address)).toBe(prefix)
})
