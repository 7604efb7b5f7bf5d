import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { LONGEST_FIRST, QUICK_STORIES, QUICK_WORKERS } from '../plan.ts'

const Files = z.array(z.object({ file: z.string() }))

/** The test files that vitest finds with these arguments. */
async function filesOf(...parameters: readonly string[]): Promise<readonly string[]> {
  const command = ['node_modules/vitest/vitest.mjs', 'list', '--filesOnly', '--json', ...parameters]
  const { stdout } = await promisify(execFile)(process.execPath, command)
  const files = Files.parse(JSON.parse(stdout.slice(stdout.indexOf('['))))
  return files.map(({ file }) => relative('.', file)).toSorted()
}

/** The vitest arguments of a script in package.json. */
function parametersOf(script: string): readonly string[] {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync('package.json', 'utf8')))
  const [program, command, ...parameters] = scripts[script]?.split(' ') ?? []
  expect([program, command]).toEqual(['vitest', 'run'])
  return parameters
}

const [quick, all, browser] = await Promise.all(
  ['test', 'test:all', 'test:browser'].map((script) => filesOf(...parametersOf(script))),
)
const written = globSync('**/*.test.{ts,tsx}', { exclude: ['**/node_modules/**', '**/.wrangler/**'] })

test('every test file belongs to test:all, or to test:browser', () => {
  expect([...(all ?? []), ...(browser ?? [])].toSorted()).toEqual(written.toSorted())
})

test('npm test is a part of test:all, and has something of each kind', () => {
  expect(all).toEqual(expect.arrayContaining([...(quick ?? [])]))
  const folders = ['test/unit', ...QUICK_WORKERS]
  const empty = folders.filter((folder) => !quick?.some((file) => file.startsWith(`${folder}/`)))
  expect(empty).toEqual([])
  expect(quick).toEqual(expect.arrayContaining(Object.values(QUICK_STORIES)))
})

test('.ci/run runs all of it', () => {
  const run = readFileSync('.ci/run', 'utf8')
  for (const script of ['check', 'test:all', 'test:browser']) expect(run).toContain(`npm run ${script}`)
})

test('what is begun first is there', () => {
  expect(LONGEST_FIRST.filter((file) => !existsSync(file))).toEqual([])
  expect(new Set(LONGEST_FIRST).size).toBe(LONGEST_FIRST.length)
})
