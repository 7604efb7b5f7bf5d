import { expect, test } from 'vitest'
import { boundedText } from '../../../src/lib/bounded-text.ts'

test.each([
  ['plain', 'plain'],
  ['  two\n\tlines  ', 'two lines'],
  ['bidi \u202Eexe.txt', 'bidi exe.txt'],
  ['zero\u200Bwidth\u2060\uFEFF', 'zerowidth'],
  ['bell\u0007 and null\u0000', 'bell and null'],
  ['isolates \u2066hidden\u2069', 'isolates hidden'],
  ['tag \u{E0041}\u{E0042}', 'tag'],
  ['lone \uD800 surrogate', 'lone surrogate'],
  ['line\u2028separator', 'line separator'],
])('%j is shown as %j', (text, shown) => {
  expect(boundedText(text, 100)).toBe(shown)
})

test('what is too long is cut between characters, never inside one', () => {
  expect(boundedText('😀'.repeat(10), 4)).toBe('😀😀😀…')
  expect(boundedText('abcd', 4)).toBe('abcd')
})
