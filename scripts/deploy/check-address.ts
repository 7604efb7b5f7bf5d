import { experimental_readRawConfig as readRawConfig } from 'wrangler'
import { z } from 'zod'

const Environment = z.looseObject({
  workers_dev: z.boolean().optional(),
  route: z.unknown().optional(),
  routes: z.array(z.unknown()).optional(),
})
const Configuration = Environment.extend({ env: z.record(z.string(), Environment).default({}) })

export interface DeployRequest {
  /** undefined when it is missing or given more than once. */
  readonly environment: string | undefined
  /** Arguments for wrangler. */
  readonly others: readonly string[]
}

const ENVIRONMENT_FLAG = /^(?:--env|-e)(?:=|$)/

/** Accepts `production`, `--env production`, `--env=production` or `-e production`, at any position, once. */
export function requestOf(parameters: readonly string[]): DeployRequest {
  const others = [...parameters]
  const at = others.findIndex((one) => ENVIRONMENT_FLAG.test(one))
  if (at === -1) {
    const [first, ...rest] = others
    return first === undefined || first.startsWith('-')
      ? { environment: undefined, others }
      : { environment: first, others: rest }
  }
  const [flag = '', value] = others[at]?.includes('=') === true ? others.splice(at, 1) : others.splice(at, 2)
  // wrangler would take the last one, but this script checks the first.
  const isNamedOnce =
    !others.some((one) => ENVIRONMENT_FLAG.test(one)) && others[0]?.startsWith('-') !== false
  const environment = flag.includes('=') ? flag.slice(flag.indexOf('=') + 1) : value
  return { environment: isNamedOnce ? environment : undefined, others }
}

const ADDRESS_FLAG = /^--(?:routes?|domains?)(?:=|$)/

const Route = z.union([
  z.string(),
  z.looseObject({ pattern: z.string() }).transform(({ pattern }) => pattern),
])
const isAddress = (route: unknown): boolean => (Route.safeParse(route).data ?? '').trim() !== ''

const readConfiguration = (file: string) => Configuration.parse(readRawConfig({ config: file }).rawConfig)

/** wrangler would deploy with another file than the one checked here. */
const FILE_FLAG = /^(?:--config|-c|--cwd)(?:=|$)/

/** What cannot be understood; undefined when one environment of the file is named. */
export function usageProblem(file: string, { environment, others }: DeployRequest): string | undefined {
  const { env } = readConfiguration(file)
  const names = Object.keys(env).join(', ')
  if (environment === undefined || environment === '')
    return `Say which environment, once: npm run deploy -- production (there are ${names}).`
  if (others.some((one) => FILE_FLAG.test(one)))
    return 'This command deploys what wrangler.jsonc describes. For another file use wrangler itself.'
  if (!Object.hasOwn(env, environment))
    return `There is no environment ${environment} in wrangler.jsonc; there are ${names}.`
  return undefined
}

/** The reason why nobody could reach the environment; undefined when it has an address. A dry run needs none. */
export function addressProblem(
  file: string,
  { environment = '', others }: DeployRequest,
): string | undefined {
  const { env, ...top } = readConfiguration(file)
  if (others.includes('--dry-run') || others.some((one) => ADDRESS_FLAG.test(one))) return undefined
  // An environment inherits these from the top level; wrangler's default for workers_dev is true.
  const { workers_dev: isOnWorkersDev = true, route, routes = [] } = { ...top, ...env[environment] }
  if (isOnWorkersDev || [route, ...routes].some(isAddress)) return undefined
  return (
    `env.${environment} in wrangler.jsonc has no address: "routes" is empty and "workers_dev" is not on, so nobody ` +
    'could reach the Worker. Give it your hostname, "routes": [{ "pattern": "mcp.example.com", "custom_domain": true }], ' +
    'or set "workers_dev": true.'
  )
}

/** The reason not to deploy, if there is one. */
export const denialOf = (file: string, request: DeployRequest): string | undefined =>
  usageProblem(file, request) ?? addressProblem(file, request)

/**
 * What wrangler is asked to do, in this order. The first deployment creates the database, so migrations come after it;
 * until then audit events wait in the users' objects.
 */
export function commandsOf({ environment = '', others }: DeployRequest): readonly (readonly string[])[] {
  const deploy = ['deploy', '--env', environment, ...others]
  if (others.includes('--dry-run')) return [deploy]
  return [deploy, ['d1', 'migrations', 'apply', 'RECORDS', '--remote', '--env', environment]]
}
