import { expect, test } from 'vitest'
import { canonicalDigest } from '#lib/hash.ts'

test('equal values have equal digests, however their members are ordered', async () => {
  const digest = await canonicalDigest({ a: 1, b: { d: [1, { f: null, e: 'x' }], c: true } })
  expect(digest).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(await canonicalDigest({ b: { c: true, d: [1, { e: 'x', f: null }] }, a: 1 })).toBe(digest)
})

test.each([[{ a: 1 }], [{ a: '1' }], [[1]], [[1, 2]], [[2, 1]], [null], ['null'], [{}], [undefined]])(
  '%j has a digest of its own',
  async (value) => {
    const others = [{ a: 2 }, [2], 'x', 0]
    for (const other of others) expect(await canonicalDigest(other)).not.toBe(await canonicalDigest(value))
  },
)
