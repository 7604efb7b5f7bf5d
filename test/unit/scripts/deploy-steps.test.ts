import { expect, test } from 'vitest'
import { StartProblem } from '#harness/local/start-problem.ts'
import { deploy } from '../../../scripts/deploy/deploy.ts'
import { deployOptions } from '../../../scripts/deploy/options.ts'
import type { DeployDeps } from '../../../scripts/deploy/steps.ts'
import {
  apiError,
  commit,
  facts,
  noWorker,
  paragraphOf,
  problemOf,
  type Recorded,
  recordedRun,
  secretList,
  settings,
  versionIds,
} from './recorded-wrangler.ts'

const runDeploy = ({ deps }: { deps: DeployDeps }, ...words: readonly string[]) =>
  deploy(deps, facts, { ...deployOptions(['production', ...words]), version: '9.8.7' })
const isUpload = (call: string) => call.startsWith('deploy ')

test('a deployment checks, uploads with its commit, migrates, and tests what is live', async () => {
  const run = recordedRun()
  await runDeploy(run)
  expect(run.calls).toEqual([
    'git status --porcelain',
    'git rev-parse HEAD',
    'whoami --json',
    'secret list --env production --format json',
    'deployments list --env production --json',
    'versions list --env production --json',
    `git diff --name-only --diff-filter=MDR --no-renames ${commit.short} -- migrations`,
    'npm run check',
    'npm test',
    `deploy --env production --var COMMIT:${commit.full} --tag ${commit.short} --message 9.8.7 ${commit.short}`,
    'd1 migrations apply RECORDS --remote --env production',
  ])
  expect(run.lines).toEqual([
    `ok       git tree: clean, commit ${commit.short}`,
    'ok       Cloudflare account: Example',
    'ok       settings: 7 are set, none that is required is missing',
    `note     live now: version ${versionIds.now} of 2026-11-28T10:00:00.000Z, commit ${commit.short}`,
    'runs     npm run check: this takes a while',
    'ok       npm run check: passes',
    'runs     npm test: this takes a while',
    'ok       npm test: passes',
    `ok       upload: ${versionIds.now}`,
    'ok       D1 migrations: none to apply',
    'runs     smoke test: https://mcp.example.com',
    'ok       smoke test: https://mcp.example.com answers as it should',
  ])
  expect(run.smoked).toEqual(['https://mcp.example.com', commit.full])
})

test('skipped tests and a changed tree are in the output, and such a deployment names no commit', async () => {
  const run = recordedRun({ 'git status': { stdout: ' M src/index.ts\n' } })
  await runDeploy(run, '--skip-tests', '--allow-dirty', '--minify')
  expect(run.calls).not.toContain('npm test')
  expect(run.lines).toContain('note     npm test: skipped by --skip-tests')
  expect(run.lines[0]).toBe(
    'note     git tree: there are uncommitted changes, deployed by --allow-dirty; /health shows no commit',
  )
  expect(run.calls.find(isUpload)).toBe(
    'deploy --env production --minify --message 9.8.7 with uncommitted changes',
  )
})

const refused: readonly (readonly [name: string, recorded: Record<string, Recorded>, paragraph: RegExp])[] = [
  ['a changed tree', { 'git status': { stdout: ' M src/index.ts' } }, /not clean: .* --allow-dirty/],
  [
    'no git repository',
    { 'git status': { code: 128, stderr: 'fatal: not a git repository' } },
    /git does not say which commit/,
  ],
  [
    'nobody signed in',
    { whoami: { code: 1, stdout: '{"loggedIn":false}' } },
    /^You are not signed in to Cloudflare\. .* npx wrangler login/,
  ],
  [
    'an expired token in a pipeline',
    {
      whoami: {
        code: 1,
        stderr:
          '✘ [ERROR] Your auth token has expired and could not be refreshed, and the environment is non-interactive.',
      },
    },
    /You are not signed in/,
  ],
  [
    // Recorded, colours included.
    'a pipeline without a token',
    {
      'secret list': {
        code: 1,
        stdout: '\n',
        stderr:
          "\u001B[31m✘ \u001B[41;31m[\u001B[41;97mERROR\u001B[41;31m]\u001B[0m \u001B[1mIn a non-interactive environment, it's necessary to set a " +
          'CLOUDFLARE_API_TOKEN environment variable for wrangler to work.\u001B[0m\n',
      },
    },
    /^The names of the settings could not be read\. You are not signed in/,
  ],
  [
    'no network',
    {
      whoami: {
        code: 1,
        stderr:
          'Your auth token has expired and could not be refreshed because the Cloudflare auth server could not be reached.',
      },
    },
    /could not be reached\. Nothing was uploaded or changed\. Check your connection/,
  ],
  [
    'a sign-in without account',
    { whoami: { stdout: '{"loggedIn":true,"accounts":[]}' } },
    /reaches no Cloudflare account/,
  ],
  [
    'several accounts and none chosen',
    {
      'secret list': {
        code: 1,
        stderr: '✘ [ERROR] More than one account available but unable to select one in non-interactive mode.',
      },
    },
    /not clear which Cloudflare account .* Set CLOUDFLARE_ACCOUNT_ID/,
  ],
  [
    'a token without permission',
    {
      'secret list': apiError('workers/scripts/mcp-production/secrets', 'Authentication error [code: 10000]'),
    },
    /lacks a permission .* Workers Scripts/,
  ],
  [
    'missing settings',
    { 'secret list': secretList(['PUBLIC_ORIGIN', 'PINGONE_ISSUER', 'PINGONE_DV_POLICY_ID']) },
    /missing: MCP_SERVER_CLIENT_ID, API_IDENTIFIER, ROOT_KEYS or COOKIE_ENCRYPTION_KEY, MCP_SERVER_CLIENT_SECRET or MCP_SERVER_PRIVATE_KEY\. .*npx wrangler secret bulk <file> --env production/,
  ],
  [
    'a migration that was changed after it was deployed',
    { 'git diff': { stdout: 'migrations/0001_events.sql\n' } },
    /changed since the deployed commit 4b70b2057ab6.*Restore these files/,
  ],
  ['a failed check', { 'npm run check': { code: 1, stdout: '✗ format 1.0 s' } }, /^npm run check fails/],
  ['a failed test', { 'npm test': { code: 1, stdout: 'FAIL test/unit/x.test.ts' } }, /^npm test fails/],
]
test.for(refused)('%s is refused before anything is uploaded', async ([, recorded, paragraph]) => {
  const run = recordedRun(recorded)
  const text = await paragraphOf(runDeploy(run))
  expect(text).toMatch(paragraph)
  expect(text).toMatch(/Nothing was uploaded/)
  expect(text).not.toContain('\n')
  expect(run.calls.filter(isUpload)).toEqual([])
  expect(run.lines.at(-1)).toMatch(/^problem {2}.*: stopped here$/)
})

test('what a failed command printed is shown before the paragraph', async () => {
  const run = recordedRun({
    'npm test': { code: 1, stdout: '\u001B[31mFAIL\u001B[39m test/unit/x.test.ts\n' },
  })
  await paragraphOf(runDeploy(run))
  expect(run.lines).toContain('  FAIL test/unit/x.test.ts')
})

test('a settings file with problems is refused, and so is one with settings that are not set', async () => {
  const bad = recordedRun()
  const examine = async () => [problemOf('PINGONE_ISSUER', 'it is another one')]
  expect(await paragraphOf(runDeploy({ deps: { ...bad.deps, examine } }, '--env-file', '/s.json'))).toMatch(
    /^The settings in \/s\.json have problems.*Nothing was uploaded/,
  )
  expect(bad.lines.join('\n')).toContain('PINGONE_ISSUER: it is another one')

  const newer = recordedRun()
  const readSettings = () => ({ ...settings, GRANT_IDLE_DAYS: '7' })
  expect(
    await paragraphOf(runDeploy({ deps: { ...newer.deps, readSettings } }, '--env-file=/s.json')),
  ).toMatch(/missing: GRANT_IDLE_DAYS\. .*secret bulk \/s\.json --env production/)
  expect([...bad.calls, ...newer.calls].filter(isUpload)).toEqual([])
})

const failed: readonly (readonly [name: string, recorded: Record<string, Recorded>, paragraph: RegExp])[] = [
  [
    'a quota of the account',
    {
      deploy: apiError(
        'workers/scripts/mcp-production',
        'You have exceeded the limit of 100 Workers on your account. [code: 10037]',
      ),
    },
    /^The upload was refused\. A limit .* No version was uploaded, and what was live still is\..*higher limit/,
  ],
  [
    'an upload that is refused',
    {
      deploy: apiError(
        'workers/scripts/mcp-production/versions',
        'Uncaught SyntaxError: Unexpected token [code: 10021]',
      ),
    },
    /^The upload was refused\. Wrangler's lines above say why\. No version was uploaded/,
  ],
  [
    'an upload whose routes fail',
    {
      deploy: {
        ...apiError(
          'workers/scripts/mcp-production/domains/records',
          'Hostname already has externally managed DNS records [code: 100117]',
        ),
        stdout: 'Uploaded mcp-production (3.21 sec)\n',
      },
    },
    /uploaded and may be live; its address or its cron triggers may not be set/,
  ],
  [
    'a migration that fails',
    {
      'd1 migrations': {
        code: 1,
        stderr:
          '✘ [ERROR] Migration 0006_more.sql failed with the following errors:\n\n✘ [ERROR] near "TABEL": syntax error at offset 7: SQLITE_ERROR\n',
      },
    },
    /^The new version is uploaded, but a migration .* The new version is live\. .*npx wrangler d1 migrations apply RECORDS --remote --env production, or npm run rollback -- production/,
  ],
]
test.for(failed)('%s: the paragraph says what is live and what to do', async ([, recorded, paragraph]) => {
  const run = recordedRun(recorded)
  expect(await paragraphOf(runDeploy(run))).toMatch(paragraph)
  expect(run.smoked).toEqual([])
})

test('a failed smoke test offers the rollback, and nothing is rolled back by itself', async () => {
  const run = recordedRun()
  const smoke = async () => [problemOf('/health', 'it answers 500')]
  expect(await paragraphOf(runDeploy({ deps: { ...run.deps, smoke } }))).toMatch(
    /^The smoke test .* found problems.*is live and its migrations are applied\. npm run rollback -- production .*no migration of D1/,
  )
  expect(run.lines.join('\n')).toContain('/health: it answers 500')
  expect(run.calls.filter((call) => call.startsWith('rollback'))).toEqual([])
})

test('the first deployment uploads without settings and says the two steps that follow', async () => {
  const run = recordedRun({
    'secret list': noWorker,
    'd1 migrations': { stdout: 'Migrations to be applied:' },
  })
  await runDeploy(run)
  expect(run.calls.filter((call) => /^(?:deployments|versions) /.test(call))).toEqual([])
  expect(run.lines.slice(-5)).toEqual([
    `ok       upload: ${versionIds.now}`,
    'ok       D1 migrations: applied',
    'note     step 1 of 2 is done: the Worker is there, and answers 503 until it has settings',
    '         1. npx wrangler secret bulk <file> --env production (docs/run.md#settings-of-a-deployment)',
    '         2. npm run deploy -- production: the same command again, which tests what is live',
  ])
  expect(run.smoked).toEqual([])
})

test('with a settings file the first deployment also sets the settings, from its standard input', async () => {
  const run = recordedRun({ 'secret list': noWorker })
  await runDeploy(run, '--env-file', '/s.json')
  expect(run.calls.at(-1)).toBe('secret bulk --env production')
  expect(run.inputs).toEqual([JSON.stringify(settings)])
  expect(run.lines).toContain('ok       settings: 7 set from the file')
  expect(run.smoked).toEqual(['https://mcp.example.com', commit.full])
  for (const text of [...run.lines, ...run.calls])
    expect(text).not.toContain(settings.MCP_SERVER_CLIENT_SECRET)
})

const withExampleApi = (run: { deps: DeployDeps }, ...words: readonly string[]) =>
  deploy(
    run.deps,
    { ...facts, hasExampleApi: true },
    { ...deployOptions(['production', ...words]), version: '9.8.7' },
  )
const isExampleApi = (call: string) => call.startsWith('deploy --config examples/todo-api/')

test('the first deployment brings the example API along, before the server that binds it', async () => {
  const run = recordedRun({ 'secret list': noWorker })
  await withExampleApi(run, '--env-file', '/s.json')
  expect(run.calls.filter((call) => call.startsWith('deploy '))).toEqual([
    'deploy --config examples/todo-api/wrangler.jsonc --env production' +
      ` --var PINGONE_ISSUER:${settings.PINGONE_ISSUER} --var API_IDENTIFIER:todo-api`,
    expect.stringMatching(/^deploy --env production /),
  ])
  expect(run.lines).toContain('ok       example API: todo-api-production, for this server only')
})

test('later deployments leave the example API alone, and so does one without settings', async () => {
  const later = recordedRun()
  await withExampleApi(later, '--env-file', '/s.json')
  const without = recordedRun({ 'secret list': noWorker })
  await withExampleApi(without)
  expect([...later.calls, ...without.calls].filter(isExampleApi)).toEqual([])
})

test('without its example API the server is not uploaded, and the paragraph says so', async () => {
  const refused = apiError('workers/scripts/todo-api-production', 'Unknown [code: 10021]')
  const run = recordedRun({ 'secret list': noWorker, 'deploy --config': refused })
  expect(await paragraphOf(withExampleApi(run, '--env-file', '/s.json'))).toMatch(
    /^The example API was not deployed\..* The server was not uploaded\. .*then run the same command again\.$/,
  )
  expect(run.calls.at(-1)).toSatisfy(isExampleApi)
})

test('at a terminal, wrangler signs in first; a sign-in that fails ends the deployment', async () => {
  const run = recordedRun({ whoami: { code: 1, stdout: '{"loggedIn":false}' } })
  const signIn = async () => {
    run.recordAgain('whoami')
    return { code: 0, stdout: '', stderr: '' }
  }
  await runDeploy({ deps: { ...run.deps, signIn } })
  expect(run.lines).toContain(
    'runs     Cloudflare account: nobody is signed in, so wrangler opens the browser',
  )
  expect(run.calls.filter((call) => call.startsWith('whoami'))).toHaveLength(2)
  expect(run.calls.filter(isUpload)).toHaveLength(1)

  const denied = recordedRun({ whoami: { code: 1, stdout: '{"loggedIn":false}' } })
  const failing = { ...denied.deps, signIn: async () => ({ code: 1, stdout: '', stderr: '' }) }
  expect(await paragraphOf(runDeploy({ deps: failing }))).toMatch(/^You are not signed in to Cloudflare/)
  expect(denied.calls.filter(isUpload)).toEqual([])
})

test('a settings file that is not there ends a deployment before anything is asked', async () => {
  const run = recordedRun()
  const readSettings = () => {
    throw new StartProblem('/s.json is not there.')
  }
  expect(await paragraphOf(runDeploy({ deps: { ...run.deps, readSettings } }, '--env-file', '/s.json'))).toBe(
    '/s.json is not there.',
  )
  expect(run.calls).toEqual([])
})

test('settings that Cloudflare refuses leave an uploaded Worker without them, and the paragraph says so', async () => {
  const run = recordedRun({
    'secret list': noWorker,
    'secret bulk': apiError(
      'workers/scripts/mcp-production/secrets-bulk',
      "Binding name 'PUBLIC_ORIGIN' already in use. Please use a different name and try again. [code: 10053]",
    ),
  })
  expect(await paragraphOf(runDeploy(run, '--env-file', '/s.json'))).toMatch(
    /refused its settings\. .* answers 503 until it has settings; the database is migrated\. .*npx wrangler secret bulk <file> --env production/,
  )
  expect(run.smoked).toEqual([])
})

test('a first deployment with an incomplete settings file uploads nothing', async () => {
  const { ROOT_KEYS: _, ...without } = settings
  const run = recordedRun({ 'secret list': noWorker })
  const deps = { ...run.deps, readSettings: () => without }
  expect(await paragraphOf(runDeploy({ deps }, '--env-file', '/s.json'))).toMatch(
    /missing: ROOT_KEYS or COOKIE_ENCRYPTION_KEY\. Nothing was uploaded\. Add them to \/s\.json/,
  )
  expect(run.calls.filter(isUpload)).toEqual([])
})
