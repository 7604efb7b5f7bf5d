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
  ['smuggled\u{E0148}\u{E0155}\uFE0F text', 'smuggled text'],
  ['\u3164\u2800\u115F', ''],
  ['lone \uD800 surrogate', 'lone surrogate'],
  ['line\u2028separator', 'line separator'],
])('%j is shown as %j', (text, shown) => {
  expect(boundedText(text, 100)).toBe(shown)
})

test('what does not fit is not read to its end, and says that it was cut', () => {
  expect(boundedText(`a${' '.repeat(1_000_000)}b`, 4)).toBe('a…')
})

test('what is too long is cut between characters, never inside one', () => {
  expect(boundedText('😀'.repeat(10), 4)).toBe('😀…')
  expect(boundedText('😀'.repeat(2), 4)).toBe('😀😀')
  expect(boundedText('abcd', 4)).toBe('abcd')
})
