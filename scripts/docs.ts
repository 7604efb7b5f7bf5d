/**
 * `npm run docs` writes docs/configuration.md from src/settings.ts, the tables of docs/journeys.md from the `@step`
 * lines in src/, the picture of docs/architecture.md from the imports there, and policy/schema.json for editors;
 * `-- --check` only compares. It also checks the links and code blocks of every page.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describedSettings } from '#settings.ts'
import { pageProblems } from './docs/check-pages.ts'
import { readSteps, renderJourneys } from './docs/journeys.ts'
import { renderPolicySchema } from './docs/policy-schema.ts'
import { readRooms, renderArchitecture } from './docs/rooms.ts'
import { productOfEntry } from '#harness/local/chosen-product.ts'

const pathOf = (page: string) => fileURLToPath(new URL(`../${page}`, import.meta.url))

const HEAD = `<!-- Written by \`npm run docs\` from src/settings.ts. Change it there. -->

# Settings

The server checks all settings before it answers. If one is bad, every path answers 503, and the log names all bad
settings, never a value.

- On your machine \`npm start\` has a default for every required setting. To change one, use \`.dev.vars\` or the
  environment ([run.md](run.md#settings-on-your-machine)).
- In a deployment, set every setting marked **required**, per environment ([run.md](run.md#settings-of-a-deployment)).
- Secrets: \`MCP_SERVER_CLIENT_SECRET\` or \`MCP_SERVER_PRIVATE_KEY\`, as \`PINGONE_CLIENT_AUTH\` says, and \`ROOT_KEYS\`.
  \`COOKIE_ENCRYPTION_KEY\` is the older form of a root key.
- A flag is \`on\` or \`off\` (also \`true\`/\`false\`, \`1\`/\`0\`). Separate a list by commas or spaces.

| name | default | meaning |
|---|---|---|
`

type Setting = ReturnType<typeof describedSettings>[number]

const { product } = await productOfEntry()

/** The whole page, for the product that src/index.ts serves. */
export const renderConfiguration = (): string => `${HEAD}${describedSettings(product).map(row).join('')}`

const row = (setting: Setting): string =>
  `| \`${setting.name}\` | ${defaultOf(setting)} | ${setting.meaning.replaceAll('|', '\\|')} |\n`

function defaultOf({ isNeeded, normal }: Setting): string {
  if (isNeeded) return '**required**'
  if (normal === undefined) return 'unset'
  if (typeof normal === 'boolean') return normal ? '`on`' : '`off`'
  if (Array.isArray(normal)) return normal.length === 0 ? 'empty' : `\`${normal.join(',')}\``
  return `\`${typeof normal === 'string' ? normal : JSON.stringify(normal)}\``
}

/** The files that are generated, or have generated parts, with the text they should have. */
const pages: Readonly<Record<string, (now: string) => string>> = {
  'docs/configuration.md': renderConfiguration,
  'docs/journeys.md': (now) => renderJourneys(now, readSteps()),
  'docs/architecture.md': (now) => renderArchitecture(now, readRooms()),
  'policy/schema.json': renderPolicySchema,
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
  for (const [page] of stale) console.error(`${page} is stale: npm run docs`)
  for (const { page, line, text } of problems) console.error(`${page}:${line}: ${text}`)
  return stale.length + problems.length === 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = main()
