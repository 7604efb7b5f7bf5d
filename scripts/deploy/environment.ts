import { experimental_readRawConfig as readRawConfig } from 'wrangler'
import { z } from 'zod'
import type { Product } from '#catalog/define-product.ts'
import type { GivenSettings } from '#harness/local/settings.ts'
import { describedSettings } from '#settings.ts'

const Environment = z.looseObject({
  name: z.string().default(''),
  workers_dev: z.boolean().optional(),
  vars: z.record(z.string(), z.unknown()).default({}),
  services: z.array(z.looseObject({ binding: z.string(), service: z.string().default('') })).default([]),
  routes: z
    .array(
      z.union([
        z.string(),
        z.looseObject({ pattern: z.string(), custom_domain: z.boolean().default(false) }),
      ]),
    )
    .default([]),
})
const Configuration = z.looseObject({
  workers_dev: z.boolean().default(true),
  env: z.record(z.string(), Environment).default({}),
})

/** An environment of wrangler.jsonc, as far as a deployment needs it. */
export interface EnvironmentFacts {
  readonly name: string
  /** The name of its Worker. */
  readonly worker: string
  /** It has an address below workers.dev. */
  readonly isOnWorkersDev: boolean
  /** Settings that are not secret. */
  readonly vars: GivenSettings
  readonly hasApiBinding: boolean
  /** What is bound as API is examples/todo-api. */
  readonly hasExampleApi: boolean
  /** Hostnames of the Worker alone, without those that another service shares. */
  readonly hostnames: readonly string[]
}

export function readEnvironment(file: string, name: string): EnvironmentFacts {
  const { env, ...top } = Configuration.parse(readRawConfig({ config: file }).rawConfig)
  const { vars, services, routes, ...own } = env[name] ?? Environment.parse({})
  const api = services.find(({ binding }) => binding === 'API')
  return {
    name,
    worker: own.name,
    isOnWorkersDev: own.workers_dev ?? top.workers_dev,
    vars: Object.fromEntries(
      Object.entries(vars).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
    ),
    hasApiBinding: api !== undefined,
    hasExampleApi: api?.service === `todo-api-${name}`,
    hostnames: routes.flatMap((route) =>
      typeof route !== 'string' && route.custom_domain ? [route.pattern] : [],
    ),
  }
}

/** Settings that stand in for each other: one of each line is required. */
const ALTERNATIVES = [
  ['ROOT_KEYS', 'COOKIE_ENCRYPTION_KEY'],
  ['MCP_SERVER_CLIENT_SECRET', 'MCP_SERVER_PRIVATE_KEY'],
] as const

/** Required settings that are not among the names. Values are unknown here, so nothing else can be judged. */
export function missingSettings(
  names: ReadonlySet<string>,
  { hasApiBinding }: Pick<EnvironmentFacts, 'hasApiBinding'>,
  product: Pick<Product, 'scopes' | 'settings'>,
): readonly string[] {
  const required = describedSettings(product).filter(({ isNeeded }) => isNeeded)
  return [
    ...required.map(({ name }) => name).filter((name) => !names.has(name)),
    ...ALTERNATIVES.filter((all) => !all.some((name) => names.has(name))).map((all) => all.join(' or ')),
    ...(hasApiBinding || names.has('API_URL') ? [] : ['API_URL, or a Worker bound as API']),
  ]
}

/** Where the environment answers, if settings, wrangler.jsonc or the upload say so. */
export function originOf(
  { vars, hostnames }: EnvironmentFacts,
  settings: GivenSettings = {},
  printed = '',
): string | undefined {
  const [hostname] = hostnames
  return (
    settings['PUBLIC_ORIGIN'] ??
    vars['PUBLIC_ORIGIN'] ??
    (hostname === undefined ? undefined : `https://${hostname}`) ??
    /https:\/\/[\w.-]+\.workers\.dev/.exec(printed)?.[0]
  )
}
