/** `npm run docs` writes docs/configuration.md from the settings in src/settings.ts; `-- --check` only compares. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describedSettings } from '#settings.ts'
import { product } from './product.ts'

const PAGE = fileURLToPath(new URL('../docs/configuration.md', import.meta.url))

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

/** The whole page. */
export const renderConfiguration = (): string => `${HEAD}${describedSettings(product).map(row).join('')}`

const row = (setting: Setting): string =>
  `| \`${setting.name}\` | ${withoutIt(setting)} | ${setting.meaning.replaceAll('|', '\\|')} |\n`

function withoutIt({ isNeeded, normal }: Setting): string {
  if (isNeeded) return '**needed**'
  if (normal === undefined) return 'not set'
  if (typeof normal === 'boolean') return normal ? '`on`' : '`off`'
  if (Array.isArray(normal)) return normal.length === 0 ? 'empty' : `\`${normal.join(',')}\``
  return `\`${String(normal)}\``
}

function main(): number {
  const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
  const page = renderConfiguration()
  if (!options.check) {
    writeFileSync(PAGE, page)
    return 0
  }
  if (readFileSync(PAGE, 'utf8') === page) return 0
  console.error('docs/configuration.md is stale: npm run docs')
  return 1
}

if (import.meta.main) process.exitCode = main()
