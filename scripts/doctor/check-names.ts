import { type GivenSettings, SETTING_NAMES, unknownNames } from '#harness/local/settings.ts'
import { type Finding, problem } from './finding.ts'

const PAGE = 'docs/configuration.md'

/** `npm start` adds these to a Worker's settings file. */
const SCRIPT_SETTINGS = ['RUN_ID']

/** A misspelt name is ignored, and the setting keeps its default. */
export const checkNames = (given: GivenSettings): readonly Finding[] => [
  ...unknownNames(given)
    .filter((name) => !SCRIPT_SETTINGS.includes(name))
    .map((name) => {
      const meant = nearest(name)
      return problem('names of settings', `${shown(name)} is not a setting and does nothing`, {
        fix: meant === undefined ? 'take it out' : `write ${meant}`,
        page: PAGE,
      })
    }),
  ...placeholders(given).map((name) =>
    problem(name, 'it is a placeholder of the documentation, between < and >', {
      fix: 'write the real value',
      page: 'docs/run.md#settings-of-a-deployment',
    }),
  ),
]

/** No setting has both signs around a word. */
const placeholders = (given: GivenSettings): readonly string[] =>
  SETTING_NAMES.filter((name) => /<[\w ]+>/.test(given[name] ?? ''))

/** A mistyped line may start with a secret. */
const shown = (name: string): string =>
  /^\w{1,60}$/.test(name) ? name : 'a name that is longer or has other signs'

const MAX_DISTANCE = 4

function nearest(name: string): string | undefined {
  const [best] = SETTING_NAMES.map((known) => ({ known, far: distance(name.toUpperCase(), known) })).toSorted(
    (one, other) => one.far - other.far,
  )
  return best !== undefined && best.far <= Math.min(MAX_DISTANCE, name.length / 3) ? best.known : undefined
}

/** The Levenshtein distance of two names. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let at = 0; at < one.length; at += 1) {
    const next = [at + 1]
    for (let below = 0; below < other.length; below += 1) {
      const replaced = (row[below] ?? 0) + (one[at] === other[below] ? 0 : 1)
      next.push(Math.min(replaced, (row[below + 1] ?? 0) + 1, (next[below] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
