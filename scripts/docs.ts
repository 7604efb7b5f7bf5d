/**
 * `npm run docs` writes docs/configuration.md from src/settings.ts, the tables of docs/journeys.md from the `@step`
 * lines in src/, and the picture of docs/architecture.md from the imports there; `-- --check` only compares. It also
 * checks the links and code blocks of every page.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describedSettings } from '#settings.ts'
import { pageProblems } from './docs/check-pages.ts'
import { readSteps, renderJourneys } from './docs/journeys.ts'
import { readRooms, renderArchitecture } from './docs/rooms.ts'
import { productOfEntry } from '#harness/local/chosen-product.ts'

const pathOf = (page: string) => fileURLToPath(new URL(`../docs/${page}`, import.meta.url))

const HEAD = `<!-- Written by \`npm run docs\` from src/settings.ts. Change it there. -->

# Settings

The server reads its settings once, checks all of them, and starts to answer only when all are good. Otherwise it
answers 503 on every path; its log names every bad setting at once, never a value.

- On your machine nothing needs to be set: \`npm start\` fills in all that is needed. To change a setting, put it into
  \`.dev.vars\` or into the environment ([run.md](run.md#settings-on-your-machine)).
- In a deployment every setting without a default has to be set, per environment
  ([run.md](run.md#settings-of-a-deployment)).
- \`MCP_SERVER_CLIENT_SECRET\`, \`MCP_SERVER_PRIVATE_KEY\`, \`ROOT_KEYS\` and \`COOKIE_ENCRYPTION_KEY\` are secrets. One of
  the first two is needed, as \`PINGONE_CLIENT_AUTH\` says, and one of the others: \`ROOT_KEYS\` is the one to choose.
- A flag is \`on\` or \`off\` (also \`true\`/\`false\`, \`1\`/\`0\`). A list is separated by commas or spaces.

| name | without it | meaning |
|---|---|---|
`

type Setting = ReturnType<typeof describedSettings>[number]

const { product } = await productOfEntry()

/** The whole page, for the product that src/index.ts serves. */
export const renderConfiguration = (): string => `${HEAD}${describedSettings(product).map(row).join('')}`

const row = (setting: Setting): string =>
  `| \`${setting.name}\` | ${defaultOf(setting)} | ${setting.meaning.replaceAll('|', '\\|')} |\n`

function defaultOf({ isNeeded, normal }: Setting): string {
  if (isNeeded) return '**needed**'
  if (normal === undefined) return 'not set'
  if (typeof normal === 'boolean') return normal ? '`on`' : '`off`'
  if (Array.isArray(normal)) return normal.length === 0 ? 'empty' : `\`${normal.join(',')}\``
  return `\`${String(normal)}\``
}

/** The pages that are generated, or have generated parts, with the text they should have. */
const pages: Readonly<Record<string, (now: string) => string>> = {
  'configuration.md': renderConfiguration,
  'journeys.md': (now) => renderJourneys(now, readSteps()),
  'architecture.md': (now) => renderArchitecture(now, readRooms()),
}

function main(): number {
  const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
  const stale = Object.entries(pages).filter(([page, render]) => {
    const now = readFileSync(pathOf(page), 'utf8')
    const rendered = render(now)
    if (now !== rendered && !options.check) writeFileSync(pathOf(page), rendered)
    return now !== rendered
  })
  if (!options.check) return 0
  const problems = pageProblems()
  for (const [page] of stale) console.error(`docs/${page} is stale: npm run docs`)
  for (const { page, line, text } of problems) console.error(`${page}:${line}: ${text}`)
  return stale.length + problems.length === 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = main()
