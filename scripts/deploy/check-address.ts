import { experimental_readRawConfig as readRawConfig } from 'wrangler'
import { z } from 'zod'

const Environment = z.looseObject({
  workers_dev: z.boolean().optional(),
  route: z.unknown().optional(),
  routes: z.array(z.unknown()).optional(),
})
const Configuration = Environment.extend({ env: z.record(z.string(), Environment).default({}) })

export interface DeployRequest {
  readonly environment: string | undefined
  /** What wrangler gets besides. */
  readonly others: readonly string[]
}

/** `production`, `--env production`, `--env=production` or `-e production`, at any place. */
export function requestOf(parameters: readonly string[]): DeployRequest {
  const others = [...parameters]
  const at = others.findIndex((one) => /^(?:--env|-e)(?:=|$)/.test(one))
  if (at !== -1) {
    const [flag = '', value] =
      others[at]?.includes('=') === true ? others.splice(at, 1) : others.splice(at, 2)
    const environment = flag.includes('=') ? flag.slice(flag.indexOf('=') + 1) : value
    return { environment, others }
  }
  const [first, ...rest] = others
  return first === undefined || first.startsWith('-')
    ? { environment: undefined, others }
    : { environment: first, others: rest }
}

const GIVES_AN_ADDRESS = /^--(?:routes?|domains?)(?:=|$)/

/** Why it is not deployed; undefined: it can be reached by somebody. `--dry-run` deploys nothing and is let through. */
export function refusalOf(file: string, { environment, others }: DeployRequest): string | undefined {
  const { rawConfig } = readRawConfig({ config: file })
  const { env, ...top } = Configuration.parse(rawConfig)
  const names = Object.keys(env).join(', ')
  if (environment === undefined || environment === '')
    return `Say which environment: npm run deploy -- production (there are ${names}).`
  const found = env[environment]
  if (found === undefined)
    return `There is no environment ${environment} in wrangler.jsonc; there are ${names}.`
  if (others.includes('--dry-run') || others.some((one) => GIVES_AN_ADDRESS.test(one))) return undefined
  // What an environment does not say it has from the top level; wrangler takes workers_dev for on where nobody says.
  const { workers_dev: isOnWorkersDev = true, route, routes = [] } = { ...top, ...found }
  if (isOnWorkersDev || route !== undefined || routes.length > 0) return undefined
  return (
    `env.${environment} in wrangler.jsonc has no address: "routes" is empty and "workers_dev" is not on, so nobody ` +
    'could reach the Worker. Give it your hostname, "routes": [{ "pattern": "mcp.example.com", "custom_domain": true }], ' +
    'or set "workers_dev": true.'
  )
}
