import type { GivenSettings } from './settings.ts'
import { StartProblem } from './start-problem.ts'

// Backslash sequences are read only between double quotes, so these come last.
const QUOTES = ["'", '`', '"'] as const

/**
 * The text of a file for wrangler's `--env-file`, which reads quotes as dotenv does and then replaces `$NAME` in
 * every value, whatever its quotes: `\$` is the only way to write a dollar sign.
 */
export const formatEnvFile = (variables: GivenSettings): string =>
  Object.entries(variables)
    .map(([name, value]) => (value === undefined ? '' : `${name}=${quote(name, value)}\n`))
    .join('')

function quote(name: string, value: string): string {
  const mark = QUOTES.find((candidate) => !value.includes(candidate))
  const isReadDifferently = mark === '"' && /\\[nr]/.test(value)
  if (mark === undefined || isReadDifferently || value.endsWith('\\') || value.includes('\r')) {
    throw new StartProblem(`The value of ${name} cannot be passed to wrangler: it mixes all kinds of quotes.`)
  }
  return `${mark}${value.replaceAll('$', '\\$')}${mark}`
}
