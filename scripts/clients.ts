/**
 * `npm run clients -- codex mcporter`: installs these clients in scratch folders, drives the real programs against a
 * system of its own, and writes their rows in docs/clients/README.md. All clients without a name; `-- --dry` writes
 * nothing, `-- --verbose` shows what they print. It needs the npm registry and about two minutes.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { ROOT } from '#harness/local/workers.ts'
import { ada } from '#harness/users.ts'
import { startWorld } from '#harness/world.ts'
import { chooseRecipes, RECIPES } from './clients/choose-recipes.ts'
import type { ClientRecipe, DrivenClient } from './clients/client.ts'
import { openListOf } from './clients/list-of-user.ts'
import { mergeIntoPage, renderRows, type Results, resultsOf, type Row } from './clients/results-table.ts'
import { type Output, runnerFor } from './clients/run-client.ts'
import { installClient, type Scratch } from './clients/scratch.ts'
import { type ScriptedModel, startScriptedModel } from './clients/scripted-model.ts'
import { firstSteps, laterSteps, type StepContext } from './clients/steps.ts'
import { UserAtBrowser } from './clients/user-at-browser.ts'

const PAGE = join(ROOT, 'docs/clients/README.md')
const TOKEN_MINUTES = 2

interface Tried {
  readonly recipe: ClientRecipe
  readonly scratch: Scratch
  readonly client: DrivenClient
  readonly context: StepContext
  results: Partial<Results>
}

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { dry: { type: 'boolean', default: false }, verbose: { type: 'boolean', default: false } },
  })
  const choice = chooseRecipes(positionals)
  if ('unknown' in choice) {
    const names = RECIPES.map(({ name }) => name).join(' ')
    console.error(`Not known: ${choice.unknown.join(' ')}. The clients are: ${names}`)
    return 1
  }
  await using everything = new AsyncDisposableStack()
  const world = everything.use(
    await startWorld({ settings: { ACCESS_TOKEN_MINUTES: String(TOKEN_MINUTES) } }),
  )
  const model = everything.use(await startScriptedModel())
  const list = await openListOf(ada, world.addresses.mcpUrl)
  const system = { mcpUrl: world.addresses.mcpUrl, model, list, isVerbose: values.verbose }

  const all = await Promise.all(
    choice.recipes.map((recipe) =>
      tryFirstSteps(recipe, system, everything).catch((error: unknown) => {
        console.error(error)
        return undefined
      }),
    ),
  )
  const tried = all.filter((one) => one !== undefined)
  // Longer than an access token lives, so each client has to refresh.
  await sleep(TOKEN_MINUTES * 60_000 + 2000)
  for (const one of tried) {
    if (one.results.login === 'yes')
      one.results = { ...one.results, ...(await laterSteps(one.client, one.context)) }
    await one.client.close?.()
  }

  const rows = tried.map(rowOf)
  console.log(`\n${renderRows(rows)}`)
  if (!values.dry) writeFileSync(PAGE, mergeIntoPage(readFileSync(PAGE, 'utf8'), rows))
  return 0
}

interface System {
  readonly mcpUrl: string
  readonly model: ScriptedModel
  readonly list: Awaited<ReturnType<typeof openListOf>>
  readonly isVerbose: boolean
}

async function tryFirstSteps(
  recipe: ClientRecipe,
  { mcpUrl, model, list, isVerbose }: System,
  everything: AsyncDisposableStack,
): Promise<Tried> {
  console.log(`${recipe.title}: installing ${recipe.packages.join(' ')}`)
  const scratch = everything.use(await installClient(recipe.packages))
  const user = new UserAtBrowser(ada)
  const context: StepContext = {
    user,
    known: list.known,
    added: `Seen with ${recipe.name}`,
    readTodos: () => list.read(),
  }
  const show = (command: string, { code, text, logins }: Output) =>
    console.log(`$ ${command}\n${text}\n→ ${code}, ${logins} logins\n`)
  const run = runnerFor(scratch, user, isVerbose ? show : undefined)
  const client = await recipe.open({ mcpUrl, scratch, model, run })
  const results = await firstSteps(client, context).catch(brokenOff)
  console.log(`${recipe.title} ${scratch.version}: ${JSON.stringify(results)}`)
  return { recipe, scratch, client, context, results }
}

/** An error in a step ends the row of its client, not the run. */
const brokenOff = (error: unknown): Partial<Results> => {
  console.error(error)
  return { login: `no: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}` }
}

const rowOf = ({ recipe: { title, page, drivenBy }, scratch, results }: Tried): Row => ({
  client: `[${title}](${page})`,
  version: scratch.version,
  drivenBy,
  results: resultsOf(results),
  date: new Date().toISOString().slice(0, 10),
})

process.exitCode = await main()
