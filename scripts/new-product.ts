/** `npm run new-product invoices`: copies examples/notes to src/invoices under new names. It overwrites nothing. */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { runScript, StartProblem } from '#harness/local/start-problem.ts'
import { isTakenIn, productNames, renamed } from './new-product/rename.ts'

const TEMPLATE = 'examples/notes'
const ENTRY = 'src/index.ts'
/** The tsconfig.json of the root includes src/. */
const NOT_COPIED = /(?:^|\/)(?:worker-configuration\.d\.ts|\.wrangler|\.dev\.vars)|^tsconfig\.json$/

const templateFiles = (): readonly string[] =>
  globSync(['**/*', '**/.gitignore'], { cwd: TEMPLATE })
    .filter((file) => /\.\w+$/.test(file) && !NOT_COPIED.test(file))
    .toSorted()

/** Names in src/ that the engine or another product has. */
const takenNames = (): readonly string[] =>
  readdirSync('src').map((file) => basename(file).replace(/\.tsx?$/, ''))

function main(): void {
  const { positionals } = parseArgs({ allowPositionals: true })
  const [name = ''] = positionals
  const names = positionals.length === 1 ? productNames(name) : null
  if (names === null)
    throw new StartProblem(
      'One name, like: npm run new-product invoices. One word in lower case, best a plural, at most 24 letters.',
    )
  if (takenNames().includes(name) || existsSync(join('examples', name)))
    throw new StartProblem(`${name} is the name of something here already. Nothing was written.`)
  const files = templateFiles().map((file) => ({ file, text: readFileSync(join(TEMPLATE, file), 'utf8') }))
  if (files.some(({ text }) => isTakenIn(text, names)))
    throw new StartProblem(
      `The copied files use the word ${name} for something else. Choose another name. Nothing was written.`,
    )
  const folder = `src/${name}`
  for (const { file, text } of files) {
    const path = join(folder, renamed(file, names))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, renamed(text, names), { flag: 'wx' })
  }
  // Longer names need other line breaks.
  spawnSync(join('node_modules', '.bin', 'oxfmt'), [folder], { stdio: 'ignore' })
  const served = /^import .* as product .*$/m.exec(readFileSync(ENTRY, 'utf8'))?.[0]
  console.log(
    [
      `Written: ${folder}/ (${files.length} files), a copy of ${TEMPLATE}/ that works. Run it as it is:`,
      '',
      `  npm start -- --product ${name}`,
      '',
      `To serve it always, change one line of ${ENTRY}:`,
      '',
      ...(served === undefined ? [] : [`- ${served}`]),
      `+ import { ${name} as product } from '#${name}/index.ts'`,
      '',
      'and then: npm run docs && npm start -- --fresh',
      `What to change in ${folder}/ is in docs/your-own-api.md.`,
    ].join('\n'),
  )
}

await runScript(main)
