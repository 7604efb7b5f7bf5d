import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { describedSettings } from '#settings.ts'
import { productOfEntry } from '#harness/local/chosen-product.ts'
import { type CodeBlock, ROOT } from './pages.ts'

const PackageFile = z.object({
  scripts: z.record(z.string(), z.string()).default({}),
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
})
const { scripts, dependencies, devDependencies } = PackageFile.parse(
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')),
)
const { product } = await productOfEntry()

/** What `npm start` and the tests read from the environment, besides the settings of the server. */
const LOCAL_NAMES = ['MCP_PORT', 'TODO_API_PORT', 'PINGONE_PORT', 'CHROMIUM_PATH']
const settingNames = new Set([...describedSettings(product).map(({ name }) => name), ...LOCAL_NAMES])

export const unknownSettings = (names: readonly string[]): readonly string[] =>
  names.filter((name) => !settingNames.has(name)).map((name) => `${name} is no setting`)

/** Programs of MCP clients. They need an installation and, most of them, an account; only their addresses are checked. */
const CLIENTS =
  /^(?:claude|codex|gemini|opencode|cline|copilot|qwen|code|(?:@apify\/)?mcpc|mcporter|mcp-use)(?:@latest)?$/
const MCP_ADDRESS = /^(?:http:\/\/localhost:8787|https:\/\/[\w.<> -]+)\/mcp$/

/** Where a command stands. */
interface Place {
  readonly folder: string
  /** The block says why it is not run, or is run. */
  readonly isMarked: boolean
  /** Files that other blocks of the page show, by their first line: `// sign-in.mjs`. */
  readonly shown: readonly string[]
}

/** What is wrong with a block of shell commands. A block with `run` is executed. */
export function commandFaults(block: CodeBlock, ofPage: readonly CodeBlock[]): readonly string[] {
  const { page, attributes, code } = block
  if (attributes.get('not-run') === '') return ['not-run needs a reason: not-run="needs an account"']
  const folder = /^(?:examples|emulators)\//.test(page) ? dirname(page) : '.'
  const isMarked = attributes.has('not-run') || attributes.has('run')
  const shown = ofPage.flatMap((other) => /^\/\/ ([\w.-]+)$/m.exec(other.code)?.[1] ?? [])
  const faults = code
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap((line) => commandsIn(line))
    .flatMap((words) => faultsOf(words, { folder, isMarked, shown }))
  if (faults.length > 0 || !attributes.has('run')) return faults
  const { status, stderr } = spawnSync('bash', ['-euc', code], {
    cwd: join(ROOT, folder),
    env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}` },
    encoding: 'utf8',
    timeout: 60_000,
  })
  return status === 0 ? [] : [`it ends with ${status}: ${stderr.slice(0, 500)}`]
}

/** The words of each command of a line, without its comment and redirections. */
function commandsIn(line: string): readonly (readonly string[])[] {
  const words = [...line.matchAll(/(?:"[^"]*"|'[^']*'|<[^<> ][^<>]*>|[^\s"'<])+|</g)].map(([word]) => word)
  const comment = words.findIndex((word) => word.startsWith('#'))
  const commands: string[][] = [[]]
  for (const word of comment === -1 ? words : words.slice(0, comment))
    if (/^(?:&&|\|\|?|;)$/.test(word)) commands.push([])
    else commands.at(-1)?.push(word)
  return commands.filter(({ length }) => length > 0)
}

function faultsOf(words: readonly string[], place: Place): readonly string[] {
  const first = words.findIndex((word) => !/^[A-Z][A-Z0-9_]*=/.test(word))
  const assigned = (first === -1 ? words : words.slice(0, first)).map((word) => word.split('=')[0] ?? '')
  const names = unknownSettings(assigned)
  if (first === -1) return names
  const [program = '', ...parameters] = words.slice(first)
  return [...names, ...programFaults(program, parameters, place)]
}

function programFaults(program: string, parameters: readonly string[], place: Place): readonly string[] {
  const { folder, isMarked, shown } = place
  const [target = ''] = parameters
  if (program === 'npm') return npmFaults(parameters, isMarked)
  if (program === 'npx') return npxFaults(parameters, place)
  if (program === 'cd') return isMarked ? [] : pathFaults([target], folder)
  if (program === 'node' && target.endsWith('.ts')) return pathFaults([target], folder)
  if (program === 'node' && shown.includes(target)) return []
  if (/^\.{1,2}\//.test(program) || program === '.ci/run') return pathFaults([program], folder)
  if (CLIENTS.test(program)) return addressFaults(parameters)
  return isMarked ? [] : [`${program} is no command of this repository: ${MARK}, or run`]
}

const MARK = 'mark the block not-run="<reason>"'

const addressFaults = (parameters: readonly string[]): readonly string[] =>
  parameters
    .filter((word) => /^https?:/.test(word) && !MCP_ADDRESS.test(word))
    .map((word) => `${word} is no address of /mcp`)

const pathFaults = (paths: readonly string[], folder: string): readonly string[] =>
  paths
    .filter((path) => !/[<~$]/.test(path) && !existsSync(join(ROOT, folder, path)))
    .map((path) => `${path} is not there`)

function npmFaults(parameters: readonly string[], isMarked: boolean): readonly string[] {
  const [command = '', ...rest] = parameters
  // An application of the reader's takes packages that are not in this repository.
  if (command === 'ci' || command === 'install') return []
  const isRun = command === 'run'
  if (!isRun && command !== 'start' && command !== 'test')
    return isMarked ? [] : [`npm ${command} is no command of this repository: ${MARK}`]
  const name = isRun ? (rest[0] ?? '') : command
  const script = scripts[name]
  if (script === undefined) return [`package.json has no script ${name}`]
  const separator = rest.indexOf('--')
  const before = rest.slice(isRun ? 1 : 0, separator === -1 ? undefined : separator)
  const lost = before
    .filter((word) => word.startsWith('-'))
    .map((word) => `${word} goes to npm: put it after --`)
  const given = separator === -1 ? [] : rest.slice(separator + 1)
  if (script.startsWith('vitest ')) return [...lost, ...vitestFaults(given, '.')]
  const known = optionsOf(script)
  const options = given
    .filter((word) => word.startsWith('--'))
    .map((word) => word.slice(2).split('=')[0] ?? '')
  const unknown = known === undefined ? [] : options.filter((option) => !known.has(option))
  return [...lost, ...unknown.map((option) => `npm run ${name} has no option --${option}`)]
}

/** The options in the `parseArgs` of a script, or of what it imports from its own folder. Undefined: it has none. */
function optionsOf(script: string): ReadonlySet<string> | undefined {
  const file = /^node (scripts\/[\w-]+\.ts)$/.exec(script)?.[1]
  if (file === undefined) return undefined
  const texts = [file, ...globSync(`scripts/${basename(file, '.ts')}/*.ts`, { cwd: ROOT })]
    .map((path) => readFileSync(join(ROOT, path), 'utf8'))
    .filter((text) => text.includes('parseArgs({'))
  if (texts.length === 0) return undefined
  const options = texts.flatMap((text) => [
    ...argumentOf(text, 'parseArgs(').matchAll(/'?([\w-]+)'?: (?:\{ type: '(?:boolean|string)'|flag\b)/g),
  ])
  return new Set(options.map(([, name = '']) => name))
}

/** The text between a call's parentheses. */
function argumentOf(text: string, call: string): string {
  const start = text.indexOf(call) + call.length
  let depth = 1
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1
    if (text[at] === ')') depth -= 1
    if (depth === 0) return text.slice(start, at)
  }
  return ''
}

function npxFaults(parameters: readonly string[], { folder, isMarked }: Place): readonly string[] {
  const [program = '', ...rest] = parameters.filter((word) => word !== '-y' && word !== '--yes')
  if (CLIENTS.test(program)) return addressFaults(rest)
  const isHere =
    existsSync(join(ROOT, 'node_modules/.bin', program)) ||
    program in dependencies ||
    program in devDependencies
  if (!isHere && !isMarked) return [`${program} is no dependency of this repository: ${MARK}`]
  if (program === 'vitest') return vitestFaults(rest, folder)
  return program === 'wrangler' ? wranglerFaults(rest, folder) : []
}

/** Test files have to be there, projects have to have this name. */
function vitestFaults(parameters: readonly string[], folder: string): readonly string[] {
  const value = (word: string, at: number) =>
    parameters[at - 1]?.startsWith('--') === true && !word.startsWith('-')
  const paths = parameters.filter((word, at) => word.includes('/') && !value(word, at))
  const projects = parameters.filter((_, at) => parameters[at - 1] === '--project')
  const configs = globSync('{test,examples,emulators}/**/vitest.config.ts', {
    cwd: ROOT,
    exclude: ['**/node_modules/**'],
  })
  // A project has the name of its folder; those of plain Node are in the plan.
  const names = ['unit', 'e2e', ...configs.map((file) => basename(dirname(file)))]
  return [
    ...pathFaults(paths, folder),
    ...projects.filter((name) => !names.includes(name)).map((name) => `there is no test project ${name}`),
  ]
}

/** The configuration has to be there, and to have the environment. */
function wranglerFaults(parameters: readonly string[], folder: string): readonly string[] {
  const after = (option: string) => parameters[parameters.indexOf(option) + 1]
  const config = join(folder, parameters.includes('--config') ? (after('--config') ?? '') : 'wrangler.jsonc')
  const absent = pathFaults([config], '.')
  const environment = parameters.includes('--env') ? after('--env') : undefined
  if (absent.length > 0 || environment === undefined) return absent
  const hasIt = readFileSync(join(ROOT, config), 'utf8').includes(`"${environment}": {`)
  return hasIt ? [] : [`${config} has no environment ${environment}`]
}
