import type { Product } from '#catalog/define-product.ts'
import type { GivenSettings } from '#harness/local/settings.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { type Finding, lineOf } from '../doctor/finding.ts'
import { type EnvironmentFacts, missingSettings } from './environment.ts'
import { causeOf, endOf, type FailedStep, failureText } from './failures.ts'
import {
  type CommandResult,
  isUnknownWorker,
  newestFirst,
  readAccounts,
  readDeployments,
  readSecretNames,
  readVersions,
  type RunCommand,
  type RunWrangler,
  type Version,
} from './wrangler.ts'

/** What a deployment and a rollback are given. */
export interface DeployDeps {
  readonly wrangler: RunWrangler
  readonly command: RunCommand
  readonly print: (line: string) => void
  /** Reads the file with the settings of an environment. */
  readonly readSettings: (path: string) => GivenSettings
  /** The doctor's checks of the settings and of `vars`. */
  readonly examine: (settings: GivenSettings, environment: string) => Promise<readonly Finding[]>
  /** Tests what answers at an origin. `commit`: the one that must be live, if it is known. */
  readonly smoke: (origin: string, commit: string | null) => Promise<readonly Finding[]>
  /** Lets wrangler sign in, in the browser; null where nobody is at a terminal. */
  readonly signIn: (() => Promise<CommandResult>) | null
  readonly product: Pick<Product, 'scopes' | 'settings'>
}

/** One line for a step of a deployment. */
export const stepLine = (level: 'ok' | 'note' | 'problem' | 'runs', name: string, found: string): string =>
  `${level.padEnd(8)} ${name}: ${found}`

/** Ends a deployment: the output of the command, the line of the step, then the paragraph as an error. */
export function endStep(
  { print }: Pick<DeployDeps, 'print'>,
  name: string,
  paragraph: string,
  result?: CommandResult,
): never {
  if (result !== undefined) for (const line of endOf(result)) print(line)
  print(stepLine('problem', name, 'stopped here'))
  throw new StartProblem(paragraph)
}

const STEP_NAMES: Record<FailedStep, string> = {
  account: 'Cloudflare account',
  settings: 'settings',
  'example-api': 'example API',
  upload: 'upload',
  migrations: 'D1 migrations',
  secrets: 'settings',
  versions: 'versions',
  rollback: 'rollback',
}

export const endFailed = (
  deps: Pick<DeployDeps, 'print'>,
  step: FailedStep,
  environment: string,
  result: CommandResult,
): never => {
  // whoami says no more than the paragraph about a missing sign-in.
  const isSaid = step === 'account' && causeOf(result) === 'signed-out'
  return endStep(deps, STEP_NAMES[step], failureText(step, environment, result), isSaid ? undefined : result)
}

/** Whether wrangler is signed in to an account. Several accounts are left to wrangler, which knows the chosen one. */
export async function checkAccount(deps: DeployDeps, environment: string): Promise<void> {
  const answer = await readAccountsOrSignIn(deps)
  if (!answer.ok) return endFailed(deps, 'account', environment, answer.result)
  const { accounts } = answer.value
  if (accounts.length === 0)
    endStep(
      deps,
      STEP_NAMES.account,
      'Your sign-in reaches no Cloudflare account. Nothing was uploaded. Create an account or ask for access to one, ' +
        'or use an API token that includes one, then run the same command again.',
    )
  const names = accounts.map(({ name }) => name).join(', ')
  deps.print(stepLine('ok', STEP_NAMES.account, accounts.length === 1 ? names : `one of ${names}`))
}

async function readAccountsOrSignIn(deps: DeployDeps) {
  const answer = await readAccounts(deps.wrangler)
  if (answer.ok || deps.signIn === null || causeOf(answer.result) !== 'signed-out') return answer
  deps.print(stepLine('runs', STEP_NAMES.account, 'nobody is signed in, so wrangler opens the browser'))
  const signedIn = await deps.signIn()
  return signedIn.code === 0 ? await readAccounts(deps.wrangler) : answer
}

/** The commit to show in /health; null for a tree with changes, which no commit describes. */
export async function checkTree(
  deps: DeployDeps,
  { allowsDirty }: { allowsDirty: boolean },
): Promise<string | null> {
  const status = await deps.command('git', ['status', '--porcelain'])
  const head = await deps.command('git', ['rev-parse', 'HEAD'])
  const commit = head.stdout.trim()
  const isKnown = status.code === 0 && head.code === 0
  if (isKnown && status.stdout.trim() === '') {
    deps.print(stepLine('ok', 'git tree', `clean, commit ${commit.slice(0, 12)}`))
    return commit
  }
  const found = isKnown ? 'there are uncommitted changes' : 'git does not say which commit this is'
  if (!allowsDirty)
    endStep(
      deps,
      'git tree',
      `The git tree is not clean: ${found}, so nobody could tell later what is deployed. Nothing was uploaded. ` +
        'Commit or stash, or deploy it as it is with --allow-dirty.',
      status,
    )
  deps.print(stepLine('note', 'git tree', `${found}, deployed by --allow-dirty; /health shows no commit`))
  return null
}

/** What is known of an environment's settings before an upload. */
export interface KnownSettings {
  /** Nothing was uploaded to this environment yet. */
  readonly isFirst: boolean
  /** undefined without a settings file. */
  readonly settings: GivenSettings | undefined
}

export async function checkSettings(
  deps: DeployDeps,
  facts: EnvironmentFacts,
  { file, settings }: { file: string | undefined; settings: GivenSettings | undefined },
): Promise<KnownSettings> {
  if (settings !== undefined) {
    const findings = await deps.examine({ ...facts.vars, ...settings }, facts.name)
    for (const finding of findings) deps.print(lineOf(finding))
    if (findings.some(({ level }) => level === 'problem'))
      endStep(
        deps,
        'settings',
        `The settings in ${file} have problems, see above. Nothing was uploaded. Correct the file or PingOne, then run ` +
          'the same command again.',
      )
  }
  const answer = await readSecretNames(deps.wrangler, facts.name)
  if (!answer.ok && !isUnknownWorker(answer.result))
    return endFailed(deps, 'settings', facts.name, answer.result)
  const isFirst = !answer.ok
  const deployed = answer.ok ? answer.value.map(({ name }) => name) : []
  const names = new Set([...Object.keys(facts.vars), ...(isFirst ? Object.keys(settings ?? {}) : deployed)])
  const missing = isFirst && settings === undefined ? [] : missingSettings(names, facts, deps.product)
  const notSet = isFirst ? [] : Object.keys(settings ?? {}).filter((name) => !names.has(name))
  const absent = [...new Set([...missing, ...notSet])]
  if (absent.length > 0)
    endStep(
      deps,
      'settings',
      `Settings of ${facts.name} are missing: ${absent.join(', ')}. Nothing was uploaded. ` +
        (isFirst
          ? `Add them to ${file}, then run the same command again.`
          : `Set them with npx wrangler secret bulk ${file ?? '<file>'} --env ${facts.name} (docs/run.md#settings-of-a-deployment), ` +
            'then run the same command again.'),
    )
  deps.print(
    isFirst
      ? stepLine('note', 'settings', `nothing was deployed to ${facts.name} yet`)
      : stepLine('ok', 'settings', `${deployed.length} are set, none that is required is missing`),
  )
  return { isFirst, settings }
}

/** D1 never applies a migration twice, so one that was changed after a deployment would never take effect. */
export async function checkMigrations(deps: DeployDeps, environment: string): Promise<void> {
  const live = await readLive(deps, environment)
  if (live === undefined) return
  const { commit } = live
  const text = `version ${live.version.id} of ${live.version.metadata.created_on}`
  deps.print(stepLine('note', 'live now', commit === undefined ? text : `${text}, commit ${commit}`))
  if (commit === undefined) return
  const changed = await deps.command('git', [
    'diff',
    '--name-only',
    '--diff-filter=MDR',
    '--no-renames',
    commit,
    '--',
    'migrations',
  ])
  if (changed.code !== 0)
    return deps.print(
      stepLine('note', 'migrations', `not compared: commit ${commit} is not in this repository`),
    )
  if (changed.stdout.trim() !== '')
    endStep(
      deps,
      'migrations',
      `Migrations were changed since the deployed commit ${commit}. D1 has applied them already and never will again. ` +
        'Nothing was uploaded. Restore these files and write a new migration instead.',
      changed,
    )
}

/** The version that serves, with the commit that its deployment noted. */
async function readLive(
  deps: DeployDeps,
  environment: string,
): Promise<{ version: Version; commit: string | undefined } | undefined> {
  const deployments = await readDeployments(deps.wrangler, environment)
  const versions = await readVersions(deps.wrangler, environment)
  const latest = deployments.ok ? newestFirst(deployments.value)[0] : undefined
  const id = latest?.versions[0]?.version_id
  const version = versions.ok ? versions.value.find((one) => one.id === id) : undefined
  if (version === undefined) {
    deps.print(stepLine('note', 'live now', 'not known, so migrations were not compared with it'))
    return undefined
  }
  return { version, commit: commitOf(version) }
}

/** The commit in a version's tag, as this command writes it. */
export const commitOf = ({ annotations }: Pick<Version, 'annotations'>): string | undefined =>
  /^[0-9a-f]{12}$/.exec(annotations['workers/tag'] ?? '')?.[0]

/** Runs the smoke test if the address is known. `advice`: what to do if it fails. */
export async function smokeLive(
  deps: DeployDeps,
  { origin, commit, advice }: { origin: string | undefined; commit: string | null; advice: string },
): Promise<void> {
  if (origin === undefined)
    return deps.print(
      stepLine(
        'note',
        'smoke test',
        'not run, the address is not known here: npm run smoke -- https://<host>',
      ),
    )
  deps.print(stepLine('runs', 'smoke test', origin))
  const findings = await deps.smoke(origin, commit)
  for (const finding of findings) deps.print(lineOf(finding))
  if (findings.some(({ level }) => level === 'problem'))
    endStep(
      deps,
      'smoke test',
      `The smoke test of ${origin} found problems, see above. ${advice} A change can take a minute to be everywhere: ` +
        `npm run smoke -- ${origin} repeats the test.`,
    )
  deps.print(stepLine('ok', 'smoke test', `${origin} answers as it should`))
}
