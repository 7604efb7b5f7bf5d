import { StartProblem } from '#harness/local/start-problem.ts'
import { withHiddenEscaped } from '#lib/bounded-text.ts'
import { usageProblem } from './check-address.ts'
import { type EnvironmentFacts, originOf, readEnvironment } from './environment.ts'
import { type RollbackOptions, rollbackOptions, UsageProblem } from './options.ts'
import { checkAccount, commitOf, type DeployDeps, endFailed, endStep, smokeLive, stepLine } from './steps.ts'
import {
  type Deployment,
  isUnknownWorker,
  newestFirst,
  readDeployments,
  readVersions,
  textOf,
  type Version,
} from './wrangler.ts'

/** Asks a yes-or-no question; null without a terminal. */
export type Confirm = (question: string) => Promise<boolean | null>

type RollbackDeps = DeployDeps & { readonly confirm: Confirm }

/** `npm run rollback`: returns the exit code, throws a UsageProblem or a StartProblem. `file`: wrangler.jsonc. */
export async function rollbackCommand(
  words: readonly string[],
  { deps, file }: { deps: RollbackDeps; file: string },
): Promise<number> {
  const { environment, ...options } = rollbackOptions(words)
  const wrongUse = usageProblem(file, { environment, others: [] })
  if (wrongUse !== undefined) throw new UsageProblem(wrongUse)
  await rollback(deps, readEnvironment(file, environment), options)
  return 0
}

/** Makes an earlier version of an environment live, by wrangler. */
export async function rollback(
  deps: RollbackDeps,
  facts: EnvironmentFacts,
  { to, isConfirmed, settingsFile }: Omit<RollbackOptions, 'environment'>,
): Promise<void> {
  const settings = settingsFile === undefined ? undefined : deps.readSettings(settingsFile)
  await checkAccount(deps, facts.name)
  const { deployments, versions } = await readHistory(deps, facts.name)
  const current = deployments[0]
  const target = to ?? previousOf(deployments)
  if (current === undefined || target === undefined)
    return endStep(
      deps,
      'versions',
      `${facts.name} has no earlier version that served alone. Nothing was changed. ` +
        `npx wrangler versions list --env ${facts.name} lists the versions; --to <version id> names one.`,
    )
  if (current.versions.every(({ version_id }) => version_id === target))
    return endStep(deps, 'versions', `${target} is the current version. Nothing was changed.`)
  for (const { version_id, percentage } of current.versions)
    deps.print(
      stepLine(
        'note',
        percentage === 100 ? 'current' : `current, ${percentage} %`,
        describe(version_id, versions),
      ),
    )
  deps.print(stepLine('note', 'goes back to', describe(target, versions)))
  for (const line of await describeLimits(deps, deployments, { target, versions })) deps.print(line)

  const isWanted = isConfirmed || (await deps.confirm(`Roll ${facts.name} back to ${target}?`))
  if (isWanted === null)
    throw new StartProblem('There is no terminal to ask at: say --yes. Nothing was changed.')
  if (!isWanted) throw new StartProblem('Not rolled back. Nothing was changed.')

  const message = `Back from ${current.versions.map(({ version_id }) => version_id.slice(0, 8)).join(' and ')}`
  const result = await deps.wrangler(['rollback', target, '--env', facts.name, '--message', message, '--yes'])
  if (result.code !== 0) return endFailed(deps, 'rollback', facts.name, result)
  // Without a terminal wrangler goes back although secrets were changed, and only names them.
  const [, list = ''] =
    /The following secrets have changed[^\n]*\n((?:\s*\* .*\n?)+)/.exec(textOf(result)) ?? []
  const changed = list.split(/[\s*]+/).filter((name) => name !== '')
  if (changed.length > 0)
    deps.print(
      stepLine(
        'note',
        'settings',
        `changed since that version: ${changed.join(', ')}; set them again if they have old values`,
      ),
    )
  deps.print(stepLine('ok', 'rollback', `${target} is live`))
  await smokeLive(deps, {
    origin: originOf(facts, settings),
    commit: null,
    advice:
      `${target} is live all the same. npm run rollback -- ${facts.name} --to <version id> makes another version live, ` +
      `npx wrangler tail --env ${facts.name} shows the log.`,
  })
}

interface History {
  /** The latest first. */
  readonly deployments: readonly Deployment[]
  readonly versions: readonly Version[]
}

async function readHistory(deps: DeployDeps, environment: string): Promise<History> {
  const deployments = await readDeployments(deps.wrangler, environment)
  if (!deployments.ok) {
    if (isUnknownWorker(deployments.result))
      return endStep(
        deps,
        'versions',
        `Nothing was ever deployed to ${environment} in this account. Nothing was changed. ` +
          'Is it another account? npx wrangler whoami lists them; CLOUDFLARE_ACCOUNT_ID chooses.',
      )
    return endFailed(deps, 'versions', environment, deployments.result)
  }
  const versions = await readVersions(deps.wrangler, environment)
  if (!versions.ok) return endFailed(deps, 'versions', environment, versions.result)
  return {
    deployments: newestFirst(deployments.value),
    versions: versions.value,
  }
}

/** The latest version that served alone before the current deployment. */
function previousOf([current, ...earlier]: readonly Deployment[]): string | undefined {
  const serving = new Set(current?.versions.map(({ version_id }) => version_id))
  return earlier
    .flatMap(({ versions }) => (versions.length === 1 ? versions : []))
    .find(({ version_id }) => !serving.has(version_id))?.version_id
}

const REASONS: Record<string, string> = {
  upload: 'an upload',
  secret: 'a change of settings',
  rollback: 'a rollback',
}

function describe(id: string, versions: readonly Version[]): string {
  const version = versions.find((one) => one.id === id)
  if (version === undefined) return `${id}, not among the ten latest versions`
  const { 'workers/message': message, 'workers/triggered_by': reason = '' } = version.annotations
  return [
    id,
    `of ${version.metadata.created_on}`,
    commitOf(version) === undefined ? undefined : `commit ${commitOf(version)}`,
    REASONS[reason] === undefined ? undefined : `made by ${REASONS[reason]}`,
    message === undefined || message === '' ? undefined : withHiddenEscaped(JSON.stringify(message)),
  ]
    .filter((part) => part !== undefined)
    .join(', ')
}

/** What a rollback leaves as it is, before anything is done. */
async function describeLimits(
  deps: DeployDeps,
  deployments: readonly Deployment[],
  { target, versions }: { target: string; versions: readonly Version[] },
): Promise<readonly string[]> {
  const start = deployments.findIndex((one) => one.versions.some(({ version_id }) => version_id === target))
  const since = start === -1 ? deployments : deployments.slice(0, start)
  const changes = since.filter(({ annotations }) => annotations['workers/triggered_by'] === 'secret').length
  return [
    stepLine(
      'note',
      'stays',
      `migrations of D1 stay applied, and data in D1, KV and Durable Objects stays as it is. ${await migrationsSince(deps, deployments, { target, versions })}`,
    ),
    stepLine(
      'note',
      'refused',
      'Cloudflare refuses to go back across a migration of Durable Object classes, or to a deleted binding',
    ),
    stepLine(
      'note',
      'settings',
      changes === 0
        ? 'no change of settings since then among the latest deployments'
        : `settings were changed ${changes} time(s) since then, and going back may bring old values back: set them again afterwards, ROOT_KEYS above all`,
    ),
  ]
}

/** The migrations that the older code does not know, as far as both commits are in this repository. */
async function migrationsSince(
  deps: DeployDeps,
  [current]: readonly Deployment[],
  { target, versions }: { target: string; versions: readonly Version[] },
): Promise<string> {
  const commitIn = (id: string | undefined) => {
    const version = versions.find((one) => one.id === id)
    return version === undefined ? undefined : commitOf(version)
  }
  const [from, until] = [commitIn(target), commitIn(current?.versions[0]?.version_id)]
  const unknown = 'Which ones the older code does not know cannot be told here.'
  if (from === undefined || until === undefined) return unknown
  const { code, stdout } = await deps.command('git', ['diff', '--name-only', from, until, '--', 'migrations'])
  if (code !== 0) return unknown
  const files = stdout.trim().split(/\s+/).join(', ')
  return files === '' ? 'Both versions have the same migrations.' : `The older code does not know: ${files}.`
}
