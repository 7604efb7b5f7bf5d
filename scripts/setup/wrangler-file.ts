import { readFileSync, writeFileSync } from 'node:fs'
import { usageProblem } from '../deploy/check-address.ts'
import { readEnvironment } from '../deploy/environment.ts'
import { UsageProblem } from '../deploy/options.ts'
import { StartProblem } from '#harness/local/start-problem.ts'

export function checkEnvironmentName(file: string, environment: string): void {
  const problem = usageProblem(file, { environment, others: [] })
  if (problem !== undefined) throw new UsageProblem(problem)
}

/** What a deployment needs in its environment of wrangler.jsonc. */
export interface WantedEntries {
  /** For `routes`; undefined: the environment has an address already. */
  readonly hostname: string | undefined
  /** Binds the example API, a Worker of the same account. */
  readonly hasExampleApi: boolean
}

/** Changes the text of one environment: fills the empty `routes`, uncomments `services`. Everything else stays as it is. */
export function withEntries(
  text: string,
  environment: string,
  { hostname, hasExampleApi }: WantedEntries,
): string {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => line === `    "${environment}": {`)
  const end = lines.findIndex((line, at) => at > start && line === '    },')
  if (start === -1 || end === -1) return text
  const route = JSON.stringify({ pattern: hostname, custom_domain: true })
    .replaceAll(/([{:,])/g, '$1 ')
    .replace('}', ' }')
  return lines
    .map((line, at) => {
      if (at < start || at > end) return line
      if (hostname !== undefined && line.trim() === '"routes": [],')
        return line.replace('[]', () => `[${route}]`)
      return hasExampleApi
        ? line.replace(/\/\/ ("services": \[\{ "binding": "API", "service": "todo-api-[\w-]+" \}\],)$/, '$1')
        : line
    })
    .join('\n')
}

/** Writes them into the file. True: it was changed. Throws if the environment looks different than expected. */
export function addEntries(file: string, environment: string, wanted: WantedEntries): boolean {
  const before = readFileSync(file, 'utf8')
  const after = withEntries(before, environment, wanted)
  if (after !== before) writeFileSync(file, after)
  const facts = readEnvironment(file, environment)
  const missing = [
    ...(wanted.hostname === undefined || facts.hostnames.includes(wanted.hostname)
      ? []
      : [`"routes": [{ "pattern": "${wanted.hostname}", "custom_domain": true }]`]),
    ...(!wanted.hasExampleApi || facts.hasApiBinding
      ? []
      : [`"services": [{ "binding": "API", "service": "todo-api-${environment}" }]`]),
  ]
  if (missing.length > 0)
    throw new StartProblem(
      `The settings file is written, but wrangler.jsonc has no place for this: add ${missing.join(' and ')} to ` +
        `env.${environment} yourself, commit it, then run npm run deploy -- ${environment} with --env-file.`,
    )
  return after !== before
}
