import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { commandsOf, denialOf, requestOf } from '../../../scripts/deploy/check-address.ts'

const folder = mkdtempSync(join(tmpdir(), 'deploy-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const runDenied = (production: object, ...parameters: readonly string[]) => {
  const file = join(folder, 'wrangler.jsonc')
  writeFileSync(file, JSON.stringify({ name: 'x', workers_dev: false, env: { dev: {}, production } }))
  return denialOf(file, requestOf(parameters.length === 0 ? ['production'] : parameters))
}

test.for([
  [{ routes: [], workers_dev: false }],
  [{ workers_dev: false }],
  [{ routes: [] }],
  [{}],
  [{ routes: [''] }],
  [{ route: '' }],
  [{ routes: [{ pattern: ' ', custom_domain: true }] }],
])('a deployment without an address is refused, with what to write: %j', ([production]) => {
  expect(runDenied(production ?? {})).toMatch(/^env\.production .* has no address: .*"custom_domain": true/)
})

test.for([
  [{ routes: [{ pattern: 'mcp.example.com', custom_domain: true }] }],
  [{ route: 'mcp.example.com/*' }],
  [{ routes: [], workers_dev: true }],
])('one with an address is not: %j', ([production]) => {
  expect(runDenied(production ?? {})).toBeUndefined()
})

test('an address on the command line counts, and a dry run deploys nothing', () => {
  expect(runDenied({}, 'production', '--domain', 'mcp.example.com')).toBeUndefined()
  expect(runDenied({}, 'production', '--routes=mcp.example.com/*')).toBeUndefined()
  expect(runDenied({}, 'production', '--dry-run')).toBeUndefined()
})

test('the environment has to be named, and to be there', () => {
  for (const none of [[], ['--dry-run'], ['--env'], ['--env=']])
    expect(denialOf('wrangler.jsonc', requestOf(none))).toMatch(/^Say which environment/)
  expect(runDenied({}, 'prod')).toBe(
    'There is no environment prod in wrangler.jsonc; there are dev, production.',
  )
  for (const name of ['constructor', '__proto__', 'toString'])
    expect(runDenied({}, name)).toMatch(/^There is no environment /)
})

test.for([
  [['--env', 'production', '--env', 'staging']],
  [['--env=production', '-e', 'staging']],
  [['staging', '--env', 'production']],
])('two environments are refused, since wrangler would choose: %s', ([parameters]) => {
  expect(denialOf('wrangler.jsonc', requestOf(parameters ?? []))).toMatch(/^Say which environment, once/)
})

test.for([['--config'], ['-c'], ['--config=examples/todo-api/wrangler.jsonc'], ['--cwd=examples']])(
  'another file than the one that is judged is refused: %s',
  ([flag = '']) => {
    expect(runDenied({ workers_dev: true }, 'production', flag, 'other.jsonc')).toMatch(
      /^This command deploys/,
    )
  },
)

test.for([
  [['production', '--minify']],
  [['--env', 'production', '--minify']],
  [['--minify', '--env=production']],
  [['-e', 'production', '--minify']],
])('an environment is understood in each of its spellings: %s', ([parameters]) => {
  expect(requestOf(parameters ?? [])).toEqual({ environment: 'production', others: ['--minify'] })
})

test('the database is migrated after the deployment that may create it, and not after a dry run', () => {
  expect(commandsOf(requestOf(['production', '--minify']))).toEqual([
    ['deploy', '--env', 'production', '--minify'],
    ['d1', 'migrations', 'apply', 'RECORDS', '--remote', '--env', 'production'],
  ])
  expect(commandsOf(requestOf(['production', '--dry-run']))).toEqual([
    ['deploy', '--env', 'production', '--dry-run'],
  ])
})

test('npm run deploy -- production says so before it deploys, as long as this repository has no hostname', () => {
  const { status, stderr } = spawnSync('npm', ['run', '--silent', 'deploy', '--', 'production'], {
    encoding: 'utf8',
  })
  expect(status).toBe(1)
  expect(stderr).toMatch(/^env\.production .* has no address: .* Nothing was deployed\.\n$/)
})
