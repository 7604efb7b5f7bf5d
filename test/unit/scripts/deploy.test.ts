import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { commandsOf, denialOf, requestOf } from '../../../scripts/deploy/check-address.ts'
import { deployCommand } from '../../../scripts/deploy/deploy.ts'
import { runCommand } from '../../../scripts/deploy/wrangler.ts'
import { paragraphOf, recordedRun } from './recorded-wrangler.ts'

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

test('a deployment without an address ends before any command runs', async () => {
  const file = join(folder, 'wrangler.jsonc')
  writeFileSync(file, JSON.stringify({ name: 'x', workers_dev: false, env: { production: {} } }))
  const { deps, calls } = recordedRun()
  expect(await paragraphOf(deployCommand(['production'], { deps, file, version: '9.8.7' }))).toMatch(
    /^env\.production .* has no address: .* Nothing was deployed\.$/,
  )
  expect(calls).toEqual([])
})

test('a dry run is wrangler alone, and needs no account', async () => {
  const { deps, calls } = recordedRun({ deploy: { stdout: '--dry-run: exiting now.\n' } })
  const run = deployCommand(['production', '--dry-run', '--allow-dirty'], {
    deps,
    file: 'wrangler.jsonc',
    version: '9.8.7',
  })
  expect(await run).toBe(0)
  expect(calls).toEqual(['deploy --env production --dry-run'])
})

test('a command answers with its exit code and both outputs, also when it does not exist', async () => {
  const program = "process.stdout.write('out'); process.stderr.write('err'); process.exitCode = 3"
  expect(await runCommand(process.execPath, ['-e', program])).toEqual({
    code: 3,
    stdout: 'out',
    stderr: 'err',
  })
  expect(await runCommand('no-such-program', [])).toMatchObject({ code: 1, stdout: '' })
})

// No test names an environment that exists: in a copy with a hostname it would deploy.
test.for([
  ['deploy', 'nowhere', /^There is no environment nowhere /],
  ['rollback', '--yes', /^Say which environment, once: npm run rollback /],
] as const)('npm run %s -- %s ends with 2, for wrong use', ([script, word, text]) => {
  const { status, stderr } = spawnSync('npm', ['run', '--silent', script, '--', word], { encoding: 'utf8' })
  expect(stderr).toMatch(text)
  expect(status).toBe(2)
})
