import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { z } from 'zod'
import { runCommand } from '#harness/run-command.ts'

/** One installed client with an empty home and a minimal environment; removed at the end. */
export interface Scratch extends Disposable {
  /** Of the first package. */
  readonly version: string
  readonly home: string
  /** The folder where the client's commands run. */
  readonly project: string
  readonly environment: Readonly<Record<string, string>>
  programOf(bin: string): string
  /** Writes a JSON file below the home. */
  writeSettings(path: string, settings: unknown): void
  /** The addresses that the client opened in the browser so far. */
  opened(): readonly string[]
}

const Manifest = z.object({ version: z.string() })

export async function installClient(packages: readonly [string, ...string[]]): Promise<Scratch> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-clients-'))
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  try {
    await runNpmInstall(folder, packages)
    return { ...describe(folder, packages[0]), [Symbol.dispose]: remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** Runs no script of a package. npm alone gets the user's own environment, which knows the registry. */
async function runNpmInstall(folder: string, packages: readonly string[]): Promise<void> {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'client', private: true }))
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
  await using npm = runCommand('npm', ['install', '--prefix', folder, ...options, ...packages])
  const code = await npm.exit
  if (code !== 0) throw new Error(`npm install ${packages.join(' ')} failed:\n${npm.lines.join('\n')}`)
}

function describe(folder: string, main: string): Omit<Scratch, keyof Disposable> {
  const [home, project, bin] = [join(folder, 'home'), join(folder, 'project'), join(folder, 'bin')]
  for (const path of [home, project, bin]) mkdirSync(path)
  const addresses = join(folder, 'opened')
  writeOpeners(bin, addresses)
  const manifest = readFileSync(join(folder, 'node_modules', main, 'package.json'), 'utf8')
  return {
    version: Manifest.parse(JSON.parse(manifest)).version,
    home,
    project,
    environment: {
      HOME: home,
      PATH: [bin, dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
      BROWSER: join(bin, 'xdg-open'),
      // Without a display some clients print an address and open no browser.
      DISPLAY: ':0',
      NO_COLOR: '1',
      TERM: 'dumb',
      LANG: 'C.UTF-8',
    },
    programOf: (name) => join(folder, 'node_modules/.bin', name),
    writeSettings: (path, settings) => {
      mkdirSync(dirname(join(home, path)), { recursive: true })
      writeFileSync(join(home, path), `${JSON.stringify(settings, null, 2)}\n`)
    },
    opened: () => (readdirSync(folder).includes('opened') ? linesOf(addresses) : []),
  }
}

const linesOf = (file: string): readonly string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')

/** What clients start to open a browser: it keeps the address for the user at our headless browser. */
function writeOpeners(bin: string, addresses: string): void {
  const script = `#!/bin/sh\nfor word in "$@"; do case "$word" in http*) printf '%s\\n' "$word" >> '${addresses}';; esac; done\n`
  for (const name of ['xdg-open', 'open', 'sensible-browser', 'x-www-browser'])
    writeFileSync(join(bin, name), script, { mode: 0o755 })
}
