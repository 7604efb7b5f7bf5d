import { loadConfig } from '#config.ts'
import { chosen, product } from './chosen-product.ts'
import { describedSettings } from '#settings.ts'
import type { Plan } from './plan.ts'
import { type GivenSettings, SETTING_NAMES, unknownNames } from './settings.ts'
import { StartProblem } from './start-problem.ts'

const ours: readonly string[] = [...SETTING_NAMES, 'MCP_PORT', 'TODO_API_PORT', 'PINGONE_PORT']
const namesIn = (given: GivenSettings) => ours.filter((name) => (given[name] ?? '') !== '')

/** Where settings come from, in names: a file or a variable that somebody forgot about is what surprises most. */
export function explainSettings(
  file: string,
  fromFile: GivenSettings,
  fromEnvironment: GivenSettings,
): readonly string[] {
  const inFile = namesIn(fromFile)
  const inEnvironment = namesIn(fromEnvironment)
  const shadowed = inFile.filter(
    (name) => fromEnvironment[name] !== undefined && fromFile[name] !== fromEnvironment[name],
  )
  return [
    ...unknownNames(fromFile).map((name) => `${file}: ${name} is not a setting`),
    ...(inFile.length === 0 ? [] : [`From ${file}: ${inFile.join(', ')}`]),
    ...(inEnvironment.length === 0 ? [] : [`From the environment: ${inEnvironment.join(', ')}`]),
    ...shadowed.map((name) => `${name} is in ${file} and in the environment: the environment's is used`),
  ]
}

/** The server would refuse them too, but only after it was started, and to its log. Names and rules, never values. */
export function requireGoodSettings({ settings, workers }: Plan): void {
  if (settings.API_URL === undefined && !workers.includes('api'))
    throw new StartProblem(
      `Nothing here answers as the ${product.apiName}. Set API_URL in .dev.vars to where it is, or put a Worker that plays it into ${chosen.folder}/local-api/ (docs/your-own-api.md).`,
    )
  const config = loadConfig({ API: {}, ...settings }, product)
  if (config.ok) return
  const known = describedSettings(product).map(({ name }) => name)
  const problems = config.error.problems
    .toSorted((a, b) => known.indexOf(a.name) - known.indexOf(b.name))
    .map(({ name, problem }) => `  ${name} ${problem}`)
  throw new StartProblem(
    [
      'These settings cannot work:',
      ...problems,
      ...(workers.includes('pingone')
        ? []
        : ['PINGONE_ISSUER is set, so the PingOne emulator is not started.']),
      'Set them in .dev.vars or in the environment. What each one means is in docs/configuration.md.',
    ].join('\n'),
  )
}
