import { expect, test } from 'vitest'
import { rollbackOptions, UsageProblem } from '../../../scripts/deploy/options.ts'
import { type Confirm, rollback } from '../../../scripts/deploy/rollback.ts'
import type { DeployDeps } from '../../../scripts/deploy/steps.ts'
import {
  apiError,
  commit,
  deployment,
  facts,
  paragraphOf,
  problemOf,
  recordedRun,
  versionIds,
} from './recorded-wrangler.ts'

const runRollback = ({ deps }: { deps: DeployDeps & { confirm: Confirm } }, ...words: readonly string[]) =>
  rollback(deps, facts, rollbackOptions(['production', ...words]))
const isRollback = (call: string) => call.startsWith('rollback ')
const deployments = (...all: readonly ReturnType<typeof deployment>[]) => ({
  'deployments list': { stdout: JSON.stringify(all) },
})

test('a rollback shows both versions and what stays, then makes the previous one live and tests it', async () => {
  const run = recordedRun({ 'git diff': { stdout: 'migrations/0006_more.sql\n' } })
  await runRollback(run, '--yes')
  expect(run.lines).toEqual([
    'ok       Cloudflare account: Example',
    `note     current: ${versionIds.now}, of 2026-11-28T10:00:00.000Z, commit ${commit.short}, made by an upload, "0.1.0 ${commit.short}"`,
    `note     goes back to: ${versionIds.before}, of 2026-11-20T10:00:00.000Z, commit ${commit.before}, made by an upload, "0.1.0 ${commit.before}"`,
    'note     stays: migrations of D1 stay applied, and data in D1, KV and Durable Objects stays as it is. The older code does not know: migrations/0006_more.sql.',
    'note     refused: Cloudflare refuses to go back across a migration of Durable Object classes, or to a deleted binding',
    'note     settings: no change of settings since then among the latest deployments',
    `ok       rollback: ${versionIds.before} is live`,
    'runs     smoke test: https://mcp.example.com',
    'ok       smoke test: https://mcp.example.com answers as it should',
  ])
  expect(run.calls.find(isRollback)).toBe(
    `rollback ${versionIds.before} --env production --message Back from ${versionIds.now.slice(0, 8)} --yes`,
  )
  expect(run.smoked).toEqual(['https://mcp.example.com', null])
})

test.for([
  [() => Promise.resolve(false), 'Not rolled back. Nothing was changed.'],
  [() => Promise.resolve(null), 'There is no terminal to ask at: say --yes. Nothing was changed.'],
] as const)('without a yes nothing is rolled back: %#', async ([confirm, paragraph]) => {
  const run = recordedRun()
  expect(await paragraphOf(runRollback({ deps: { ...run.deps, confirm } }))).toBe(paragraph)
  expect(run.calls.filter(isRollback)).toEqual([])
  expect(run.lines.join('\n')).toContain('migrations of D1 stay applied')
})

test('a yes at the terminal is enough', async () => {
  const questions: string[] = []
  const confirm = async (question: string) => questions.push(question) > 0
  const run = recordedRun()
  await runRollback({ deps: { ...run.deps, confirm } })
  expect(questions).toEqual([`Roll production back to ${versionIds.before}?`])
  expect(run.calls.filter(isRollback)).toHaveLength(1)
})

test('settings that were changed since then are said before, because old values may come back', async () => {
  const between = crypto.randomUUID()
  const run = recordedRun(
    deployments(
      deployment([[versionIds.before, 100]], '2026-11-20T10:00:00.000Z'),
      deployment([[between, 100]], '2026-11-21T10:00:00.000Z', 'secret'),
      deployment([[versionIds.now, 100]], '2026-11-28T10:00:00.000Z'),
    ),
  )
  await runRollback(run, '--yes', '--to', versionIds.before)
  expect(run.lines.join('\n')).toMatch(/settings were changed 1 time\(s\) since then.*ROOT_KEYS above all/)

  const previous = recordedRun(
    deployments(
      deployment([[versionIds.before, 100]], '2026-11-20T10:00:00.000Z'),
      deployment([[between, 100]], '2026-11-21T10:00:00.000Z', 'secret'),
      deployment([[versionIds.now, 100]], '2026-11-28T10:00:00.000Z'),
    ),
  )
  await runRollback(previous, '--yes')
  expect(previous.calls.find(isRollback)).toContain(`rollback ${between} `)
  expect(previous.lines.join('\n')).toContain(`${between}, not among the ten latest versions`)
})

test('a gradual deployment goes back to the last version that served alone', async () => {
  const run = recordedRun(
    deployments(
      deployment([[versionIds.before, 100]], '2026-11-20T10:00:00.000Z'),
      deployment(
        [
          [crypto.randomUUID(), 50],
          [versionIds.now, 50],
        ],
        '2026-11-28T10:00:00.000Z',
      ),
    ),
  )
  await runRollback(run, '--yes')
  expect(run.lines.join('\n')).toContain(`current, 50 %: ${versionIds.now}`)
  expect(run.calls.find(isRollback)).toContain(`rollback ${versionIds.before} `)
})

const only = deployments(deployment([[versionIds.now, 100]], '2026-11-28T10:00:00.000Z'))
test.for([
  ['only one version', only, [], /no earlier version that served alone\. Nothing was changed/],
  ['the current version named', {}, ['--to', versionIds.now], /is the current version\. Nothing was changed/],
  [
    'an environment that was never deployed',
    {
      'deployments list': apiError(
        'workers/scripts/mcp-production/deployments',
        'This Worker does not exist on your account. [code: 10007]',
      ),
    },
    [],
    /^Nothing was ever deployed to production/,
  ],
  [
    'versions that cannot be read',
    {
      'versions list': apiError(
        'workers/scripts/mcp-production/versions',
        'Authentication error [code: 10000]',
      ),
    },
    [],
    /versions of this environment could not be read\. .*lacks a permission.* Nothing was changed/,
  ],
  ['nobody signed in', { whoami: { code: 1, stdout: '{"loggedIn":false}' } }, [], /not signed in/],
] as const)('%s: nothing is rolled back', async ([, recorded, words, paragraph]) => {
  const run = recordedRun(recorded)
  expect(await paragraphOf(runRollback(run, '--yes', ...words))).toMatch(paragraph)
  expect(run.calls.filter(isRollback)).toEqual([])
})

test('a rollback that Cloudflare refuses leaves the current version live, and the paragraph says so', async () => {
  // The form is wrangler's; the words of Cloudflare for this case were not seen.
  const text = 'A Durable Object migration lies between these versions.'
  const run = recordedRun({ rollback: apiError('workers/scripts/mcp-production/deployments', text) })
  expect(await paragraphOf(runRollback(run, '--yes'))).toMatch(
    /^The rollback was refused\. .*the current version is still live\. .*--to\.$/,
  )
  expect(run.lines).toContain(`    ${text}`)
  expect(run.smoked).toEqual([])
})

test('settings that wrangler names as changed are in the output', async () => {
  const printed =
    `? The following secrets have changed since version ${versionIds.before} was deployed. Please confirm you wish to continue with the rollback\n` +
    '  * ROOT_KEYS\n  * PUBLIC_ORIGIN\n🤖 Using fallback value in non-interactive context: yes\n'
  const run = recordedRun({ rollback: { stdout: printed } })
  await runRollback(run, '--yes')
  expect(run.lines).toContain(
    'note     settings: changed since that version: ROOT_KEYS, PUBLIC_ORIGIN; set them again if they have old values',
  )
})

test('a failed smoke test after a rollback says what is live', async () => {
  const run = recordedRun()
  const smoke = async () => [problemOf('/health', 'it answers 500')]
  expect(await paragraphOf(runRollback({ deps: { ...run.deps, smoke } }, '--yes'))).toMatch(
    new RegExp(`found problems.*${versionIds.before} is live all the same.*--to <version id>`),
  )
})

test.for([
  [[]],
  [['--yes']],
  [['production', 'staging']],
  [['production', '--fast']],
  [['production', '--to']],
])('wrong use is said as such: %j', ([words]) => {
  expect(() => rollbackOptions(words ?? [])).toThrow(UsageProblem)
})
