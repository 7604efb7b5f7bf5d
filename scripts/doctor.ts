/** `npm run doctor -- [environment]`: checks the settings against PingOne and what is deployed. Read-only, without a sign-in. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openLocalDatabase, RemoteAuditDatabase, wranglerOf } from './audit/databases.ts'
import { checkDatabase } from './doctor/check-database.ts'
import { checkDeployment } from './doctor/check-deployment.ts'
import { checkPolicy, deployedPolicyNote } from './doctor/check-policy.ts'
import { checkUsers, deployedUsersNote } from './doctor/check-users.ts'
import {
  checkApiBinding,
  checkVars,
  environmentsIn,
  plainSettings,
  readConfiguration,
} from './doctor/check-vars.ts'
import { configOf, examine } from './doctor/examine.ts'
import { type Finding, note, reportFindings } from './doctor/finding.ts'
import { readDeployment, readLocal } from './doctor/read-settings.ts'
import { DEFAULT_STATE } from '#harness/local/chosen-product.ts'
import type { GivenSettings } from '#harness/local/settings.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { ROOT } from '#harness/local/workers.ts'

const USAGE = `Accepted forms:
  npm run doctor [-- --state <folder>] [--json]
  npm run doctor -- --env-file <file> [--json]
  npm run doctor -- <environment> --env-file <file> [--json]`
// Exit code 1 means a problem, so wrong use is 2. Without `--` Node would take --env-file for its own (package.json).
const NOT_DONE = 2

function readCommand() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        'env-file': { type: 'string' },
        state: { type: 'string', default: DEFAULT_STATE },
        product: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    return { ...values, file: values['env-file'], positionals }
  } catch (error) {
    throw new StartProblem(`${error instanceof Error ? error.message.split('. ')[0] : 'unclear'}.\n${USAGE}`)
  }
}

async function main(): Promise<number> {
  const { file, state, json, positionals } = readCommand()
  const [environment, ...others] = positionals
  if (others.length > 0) throw new StartProblem(`One environment at a time.\n${USAGE}`)
  if (environment !== undefined && file === undefined)
    throw new StartProblem(
      `The settings of ${environment} cannot be read back from Cloudflare: name their file with --env-file; npm run setup -- ${environment} makes it.\n${USAGE}`,
    )
  const deployment = environment === undefined ? undefined : await readEnvironment(environment)
  const given = file === undefined ? readLocal(state) : readDeployment(file)
  const settings = { ...deployment?.vars, ...given }
  const config = configOf(settings)
  const findings: readonly Finding[] = [
    ...(await examine(settings, fetch)),
    ...(deployment?.check(settings) ?? []),
    ...(config === undefined ? [] : await checkDeployment(config, fetch)),
    ...(environment !== undefined
      ? [...(await checkDeployedDatabase(environment)), deployedUsersNote(), deployedPolicyNote()]
      : file !== undefined
        ? [DATABASE_NOT_NAMED]
        : await checkLocalState(state, config)),
  ]
  return reportFindings(findings, { json, print: (line) => console.log(line) })
}

/** An environment of wrangler.jsonc. */
async function readEnvironment(environment: string) {
  const configuration = await readConfiguration(join(ROOT, 'wrangler.jsonc'))
  const known = environmentsIn(configuration)
  if (!known.includes(environment))
    throw new StartProblem(
      `There is no environment ${environment} in wrangler.jsonc; there are ${known.join(', ')}.`,
    )
  return {
    vars: plainSettings(configuration, environment),
    check: (settings: GivenSettings): readonly Finding[] => [
      ...checkVars(configuration, environment),
      ...checkApiBinding(configuration, environment, settings),
    ],
  }
}

const checkDeployedDatabase = (environment: string) =>
  checkDatabase(() => new RemoteAuditDatabase(wranglerOf(environment)), {
    migrate: `npx wrangler d1 migrations apply RECORDS --remote --env ${environment}`,
  })

async function checkLocalState(
  state: string,
  config: ReturnType<typeof configOf>,
): Promise<readonly Finding[]> {
  const folder = describeStateFolder(state)
  const ofDatabase = await checkDatabase(() => openLocalDatabase(folder), { migrate: 'npm start applies it' })
  if (config === undefined) return ofDatabase
  const ofPolicy = await checkPolicy(folder, config.policy.carried)
  return [...ofDatabase, ...checkUsers(folder, config), ...ofPolicy]
}

const DATABASE_NOT_NAMED = note('database', 'not checked: no environment is named', {
  fix: 'npm run doctor -- production --env-file <file>',
  page: 'docs/run.md#ask-the-doctor',
})

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof StartProblem)) throw error
  console.error(error.message)
  process.exitCode = NOT_DONE
}
