import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalDigest } from '#lib/hash.ts'
import { canonicalPolicy, policyHash } from '#policy/canonical.ts'
import { PolicyDocument } from '#policy/document.ts'
import { document, policyOf, rule } from './support.ts'

const hashOf = (value: unknown) => policyHash(PolicyDocument.parse(value))

const WRITTEN = {
  version: 1,
  default: 'allow',
  rules: [{ id: 'one', what: { kind: 'tool' }, effect: 'deny', says: 'No.' }],
}

test('the canonical form has sorted members and every default', () => {
  expect(canonicalPolicy(PolicyDocument.parse(WRITTEN))).toBe(
    '{"claimsMaxAgeSeconds":3600,"default":"allow","rules":[{"effect":"deny","id":"one","mode":"enforce",' +
      '"says":"No.","what":{"kind":"tool"}}],"version":1}',
  )
})

test('the order of members, defaults written out and the name of a schema do not change the hash', async () => {
  const hash = await hashOf(WRITTEN)
  expect(hash).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(await hashOf(Object.fromEntries(Object.entries(WRITTEN).toReversed()))).toBe(hash)
  expect(await hashOf({ ...WRITTEN, $schema: './schema.json' })).toBe(hash)
  expect(await hashOf({ ...WRITTEN, claimsMaxAgeSeconds: 3600 })).toBe(hash)
})

test.each([
  { default: 'deny' },
  { claimsMaxAgeSeconds: 60 },
  { rules: [] },
  { rules: [{ ...WRITTEN.rules[0], says: 'No!' }] },
  { rules: [{ ...WRITTEN.rules[0], mode: 'shadow' }] },
])('%j changes the hash', async (change) => {
  expect(await hashOf({ ...WRITTEN, ...change })).not.toBe(await hashOf(WRITTEN))
})

test('a compiled policy has the hash of its document', async () => {
  const rules = [rule('one'), rule('two')]
  expect((await policyOf(rules)).hash).toBe(await policyHash(document(rules)))
  expect(await policyHash(document(rules))).toBe(await canonicalDigest(document(rules)))
})

test('what was stored as canonical text has the same hash again', async () => {
  const stored = document([rule('one', { if: 'args.a == "ü"' })], { $schema: 'x' })
  expect(await hashOf(JSON.parse(canonicalPolicy(stored)))).toBe(await policyHash(stored))
})

test('any two documents have the same hash if and only if their content is the same', async () => {
  const says = fc.string({ minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(says, says, async (one, other) => {
      const hash = (text: string) => policyHash(document([rule('one', { says: text })]))
      expect((await hash(one)) === (await hash(other))).toBe(one === other)
    }),
    { numRuns: 100 },
  )
})
