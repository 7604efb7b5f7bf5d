import { StartProblem } from '#harness/local/start-problem.ts'
import { check } from './check.ts'
import { explain } from './explain.ts'
import { remoteCommands } from './remote.ts'

/** 0: done, valid or allowed. 1: an error was found, or the answer is no. 2: wrong use. */
export const WRONG_USE = 2

export type Print = (line: string) => void

export interface PolicyCommand {
  /** Its form behind `npm run policy --`. */
  readonly usage: string
  /** Returns the exit code; throws a StartProblem for wrong use. */
  run(args: readonly string[], print: Print): Promise<number>
}

/** Every command, by name. */
const COMMANDS: Readonly<Record<string, PolicyCommand>> = { check, explain, ...remoteCommands }

export async function runPolicy([name = '', ...args]: readonly string[], print: Print): Promise<number> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) throw new StartProblem(`${describe(name)}\n${usage()}`)
  return command.run(args, print)
}

const describe = (name: string): string =>
  name === '' ? 'Name a command.' : `There is no command ${JSON.stringify(name)}.`

const usage = (): string =>
  [
    'Accepted forms:',
    ...Object.values(COMMANDS).map(
      (command) => `  npm run policy -- ${command.usage.replaceAll('\n', '\n  ')}`,
    ),
    '<file> is a path, or the name of a document in policy/. All take --product <name>.',
    'Those about a server sign in as npm run operate does, and take --server <origin>, --format table|json and --no-browser.',
  ].join('\n')
