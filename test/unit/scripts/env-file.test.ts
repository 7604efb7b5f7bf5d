import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert, constantFrom, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { unstable_getVarsForDev } from 'wrangler'
import { formatEnvFile } from '#harness/local/env-file.ts'
import { StartProblem } from '#harness/local/start-problem.ts'

/** The variables that a Worker gets when `wrangler dev` reads the file. */
function readByWrangler(variables: Readonly<Record<string, string>>): Record<string, unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'env-file-'))
  try {
    const file = join(folder, 'worker.env')
    writeFileSync(file, formatEnvFile(variables))
    const read = unstable_getVarsForDev(join(folder, 'wrangler.json'), [file], {}, undefined, true)
    return Object.fromEntries(
      Object.entries(read).map(([name, binding]) => [name, 'value' in binding ? binding.value : binding]),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.each([
  ['a dollar sign', 'p$HOME and ${HOME} and $$ and \\$x'],
  ['a JWK', '{"kty":"RSA","n":"a-b_c","e":"AQAB"}'],
  ['an apostrophe and quotes', `it's "so"`],
  ['a hash and spaces', ' # not a comment '],
  ['two lines', 'first\nsecond'],
  ['nothing', ''],
])('%s reaches the Worker as it was written', (_what, value) => {
  expect(readByWrangler({ A_SETTING: value, HOME: 'another' })).toMatchObject({ A_SETTING: value })
})

// Every character that is special to one of the two readers, and some that are not.
const anyValue = string({
  unit: constantFrom(...'$ \\ { } \' " ` \n = # a A _'.split(' '), ' '),
  maxLength: 12,
})

const isRefused = (value: string): boolean => {
  try {
    formatEnvFile({ A_SETTING: value })
    return false
  } catch (error) {
    return error instanceof StartProblem
  }
}

test('whatever is not refused reaches the Worker as it was written', () => {
  const reaches = property(
    anyValue.filter((value) => !isRefused(value)),
    (value) => {
      expect(readByWrangler({ A_SETTING: value })).toEqual({ A_SETTING: value })
    },
  )
  assert(reaches, { numRuns: 500 })
})

test('a value with every kind of quote is refused by name, never by value', () => {
  expect(() => formatEnvFile({ A_SETTING: `'"\`` })).toThrow(/^The value of A_SETTING cannot/)
})
