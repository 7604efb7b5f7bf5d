import { StartProblem } from '#harness/local/start-problem.ts'
import { addressProblem, commandsOf, usageProblem } from './check-address.ts'
import { type EnvironmentFacts, originOf, readEnvironment } from './environment.ts'
import { type DeployOptions, deployOptions, UsageProblem } from './options.ts'
import {
  checkAccount,
  checkMigrations,
  checkSettings,
  checkTree,
  type DeployDeps,
  endFailed,
  endStep,
  smokeLive,
  stepLine,
} from './steps.ts'
import type { GivenSettings } from '#harness/local/settings.ts'
import { textOf } from './wrangler.ts'

/** `npm run deploy`: returns the exit code, throws a UsageProblem or a StartProblem. `file`: wrangler.jsonc. */
export async function deployCommand(
  words: readonly string[],
  { deps, file, version }: { deps: DeployDeps; file: string; version: string },
): Promise<number> {
  const { environment = '', ...options } = deployOptions(words)
  const request = { environment, others: options.others }
  const wrongUse = usageProblem(file, request)
  if (wrongUse !== undefined) throw new UsageProblem(wrongUse)
  if (options.others.includes('--dry-run')) {
    const [parameters = []] = commandsOf(request)
    const result = await deps.wrangler(parameters)
    deps.print(textOf(result))
    return result.code
  }
  const denial = addressProblem(file, request)
  if (denial !== undefined) throw new StartProblem(`${denial} Nothing was deployed.`)
  await deploy(deps, readEnvironment(file, environment), { ...options, version })
  return 0
}

/** Deploys an environment step by step. Throws a StartProblem that says what was left and what to do. */
export async function deploy(
  deps: DeployDeps,
  facts: EnvironmentFacts,
  { settingsFile, others, ...options }: Omit<DeployOptions, 'environment'> & { readonly version: string },
): Promise<void> {
  // Quick checks come first: the tests take minutes.
  const given = settingsFile === undefined ? undefined : deps.readSettings(settingsFile)
  const commit = await checkTree(deps, options)
  await checkAccount(deps, facts.name)
  const { isFirst, settings } = await checkSettings(deps, facts, { file: settingsFile, settings: given })
  if (!isFirst) await checkMigrations(deps, facts.name)
  await runNpm(deps, 'npm run check', ['run', 'check'])
  if (options.skipsTests) deps.print(stepLine('note', 'npm test', 'skipped by --skip-tests'))
  else await runNpm(deps, 'npm test', ['test'])

  if (isFirst && settings !== undefined && facts.hasExampleApi) await deployExampleApi(deps, facts, settings)
  const printed = await upload(deps, facts.name, [...others, ...notesOf(options.version, commit, others)])
  if (isFirst && settings !== undefined) await putSettings(deps, facts.name, settings)
  if (isFirst && settings === undefined) {
    for (const line of nextSteps(facts.name)) deps.print(line)
    return
  }
  await smokeLive(deps, {
    origin: originOf(facts, settings, printed),
    commit,
    advice:
      `The new version is live and its migrations are applied. npm run rollback -- ${facts.name} makes the previous ` +
      'version live; it undoes no migration of D1.',
  })
}

/** Checks of the code, with their output only if they fail. */
async function runNpm(deps: DeployDeps, name: string, parameters: readonly string[]): Promise<void> {
  deps.print(stepLine('runs', name, 'this takes a while'))
  const result = await deps.command('npm', parameters)
  if (result.code !== 0)
    endStep(
      deps,
      name,
      `${name} fails, see above. Nothing was uploaded. Correct it, then run the same command again.`,
      result,
    )
  deps.print(stepLine('ok', name, 'passes'))
}

/** Where versions say what they were made of: a rollback and /health show it. */
function notesOf(version: string, commit: string | null, others: readonly string[]): readonly string[] {
  const isGiven = (flag: string) => others.some((word) => word === flag || word.startsWith(`${flag}=`))
  const short = commit?.slice(0, 12)
  return [
    ...(commit === null ? [] : ['--var', `COMMIT:${commit}`]),
    ...(short === undefined || isGiven('--tag') ? [] : ['--tag', short]),
    ...(isGiven('--message') ? [] : ['--message', `${version} ${short ?? 'with uncommitted changes'}`]),
  ]
}

/** Cloudflare refuses a binding to a Worker that is not there, so the first deployment brings the example API along. */
async function deployExampleApi(
  deps: DeployDeps,
  { name }: EnvironmentFacts,
  settings: GivenSettings,
): Promise<void> {
  const names = [
    'PINGONE_ISSUER',
    'API_IDENTIFIER',
    ...deps.product.scopes.flatMap(({ setting }) => setting ?? []),
  ]
  const vars = names.flatMap((one) =>
    settings[one] === undefined ? [] : ['--var', `${one}:${settings[one]}`],
  )
  const result = await deps.wrangler(['deploy', '--config', EXAMPLE_API, '--env', name, ...vars])
  if (result.code !== 0) endFailed(deps, 'example-api', name, result)
  deps.print(stepLine('ok', 'example API', `todo-api-${name}, for this server only`))
}

const EXAMPLE_API = 'examples/todo-api/wrangler.jsonc'

/** Uploads and migrates; gives what wrangler printed about the upload. */
async function upload(deps: DeployDeps, environment: string, others: readonly string[]): Promise<string> {
  const [uploads, ...migrations] = commandsOf({ environment, others })
  const result = await deps.wrangler(uploads ?? [])
  if (result.code !== 0) endFailed(deps, 'upload', environment, result)
  const text = textOf(result)
  deps.print(stepLine('ok', 'upload', /Current Version ID: *(\S+)/.exec(text)?.[1] ?? 'done'))
  for (const parameters of migrations) {
    const migrated = await deps.wrangler(parameters)
    if (migrated.code !== 0) endFailed(deps, 'migrations', environment, migrated)
    const isCurrent = textOf(migrated).includes('No migrations to apply')
    deps.print(stepLine('ok', 'D1 migrations', isCurrent ? 'none to apply' : 'applied'))
  }
  return text
}

/** Only the first deployment sets settings: later ones would overwrite what was rotated since. */
async function putSettings(deps: DeployDeps, environment: string, settings: GivenSettings): Promise<void> {
  const result = await deps.wrangler(['secret', 'bulk', '--env', environment], JSON.stringify(settings))
  if (result.code !== 0) endFailed(deps, 'secrets', environment, result)
  deps.print(stepLine('ok', 'settings', `${Object.keys(settings).length} set from the file`))
}

const nextSteps = (environment: string): readonly string[] => [
  stepLine('note', 'step 1 of 2 is done', 'the Worker is there, and answers 503 until it has settings'),
  `         1. npx wrangler secret bulk <file> --env ${environment} (docs/run.md#settings-of-a-deployment)`,
  `         2. npm run deploy -- ${environment}: the same command again, which tests what is live`,
]
