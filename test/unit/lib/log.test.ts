import { afterEach, expect, test, vi } from 'vitest'
import { log } from '../../../src/lib/log.ts'

afterEach(() => vi.restoreAllMocks())

const lineOf = (value: unknown): string => {
  const said = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  log.warn('something.happened', { value })
  return String(said.mock.lastCall?.[0])
}

test.each([
  ['a\nb', String.raw`a\nb`],
  ['"}\r\n{"level":"error"', String.raw`\"}\r\n{\"level\":\"error\"`],
  ['\u001b[2J\u009b2J', String.raw`\u001b[2J\u009b2J`],
  ['a\u202eb\u2028c\u{e0041}', String.raw`a\u202eb\u2028c\udb40\udc41`],
  ['ü 😀', 'ü 😀'],
])('%j stays inside its line, and what is not seen is written out', (value, written) => {
  const line = lineOf(value)
  expect(line).toBe(`{"level":"warn","event":"something.happened","value":"${written}"}`)
  expect(JSON.parse(line)).toMatchObject({ value })
})

test('a value is bounded, in whatever it is', () => {
  expect(lineOf('x'.repeat(100_000)).length).toBeLessThan(2_100)
  expect(lineOf({ deep: ['x'.repeat(100_000)] }).length).toBeLessThan(2_100)
})
