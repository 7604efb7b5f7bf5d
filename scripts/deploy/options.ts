import { type DeployRequest, requestOf } from './check-address.ts'

/** What this command itself understands; all other words are wrangler's. */
export interface DeployOptions extends DeployRequest {
  readonly allowsDirty: boolean
  readonly skipsTests: boolean
  /** The file with the settings of the environment. */
  readonly settingsFile: string | undefined
}

export interface RollbackOptions {
  readonly environment: string
  readonly settingsFile: string | undefined
  /** A version to go back to, instead of the previous one. */
  readonly to: string | undefined
  readonly isConfirmed: boolean
}

/** Words on a command line that cannot be understood. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem'
}

function takeFlag(words: string[], flag: string): boolean {
  const at = words.indexOf(flag)
  if (at !== -1) words.splice(at, 1)
  return at !== -1
}

function takeValue(words: string[], flag: string): string | undefined {
  const at = words.findIndex((word) => word === flag || word.startsWith(`${flag}=`))
  if (at === -1) return undefined
  const [first = '', second = ''] = words.splice(at, words[at] === flag ? 2 : 1)
  const value = first === flag ? second : first.slice(flag.length + 1)
  if (value === '' || value.startsWith('-')) throw new UsageProblem(`${flag} needs a value.`)
  return value
}

export function deployOptions(parameters: readonly string[]): DeployOptions {
  const words = [...parameters]
  const own = {
    allowsDirty: takeFlag(words, '--allow-dirty'),
    skipsTests: takeFlag(words, '--skip-tests'),
    settingsFile: takeValue(words, '--env-file'),
  }
  return { ...requestOf(words), ...own }
}

export function rollbackOptions(parameters: readonly string[]): RollbackOptions {
  const words = [...parameters]
  const own = {
    isConfirmed: takeFlag(words, '--yes'),
    settingsFile: takeValue(words, '--env-file'),
    to: takeValue(words, '--to'),
  }
  const { environment = '', others } = requestOf(words)
  if (environment === '' || others.length > 0)
    throw new UsageProblem(
      'Say which environment, once: npm run rollback -- production [--to <version id>] [--yes] [--env-file <path>].',
    )
  return { environment, ...own }
}
