import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { OUR_ANSWERS, emulatorFile } from '../../../scripts/journey/our-answers.ts'
import { ROOT } from '#harness/local/workers.ts'

const ENDPOINTS = [
  'authorize',
  'consent',
  'discovery',
  'jwks',
  'par',
  'register',
  'resume',
  'revoke',
  'signon',
]

test.each([
  ...new Set([...OUR_ANSWERS.map(({ file }) => file), ...ENDPOINTS.map(emulatorFile), emulatorFile('token')]),
])('the journey names a file that is there: %s', (file) => {
  expect(existsSync(join(ROOT, file))).toBe(true)
})
