import { fileURLToPath } from 'node:url'
import { product } from './chosen-product.ts'
import {
  EMULATOR_ENVIRONMENT_ID,
  localApi,
  type Plan,
  type Ports,
  usesPrivateKey,
  type WorkerName,
} from './plan.ts'
import type { GivenSettings, Settings } from './settings.ts'

/** One Worker run by wrangler: its configuration, its port and its settings. */
export interface Worker {
  readonly name: WorkerName
  readonly config: string
  /** The name that service bindings use, where it is not `name`. */
  readonly service?: string
  /** The Worker bound as API, instead of the one that the configuration names. */
  readonly api?: string
  /** The entry instead of `main` of the configuration. */
  readonly entry?: string
  readonly port: number
  readonly origin: string
  /** Answers JSON with `runId`. */
  readonly health: string
  readonly variables: GivenSettings
  /** Set when users reach it under another origin, through a tunnel. */
  readonly shownAs?: string
  /** A debugger is opened for it. */
  readonly isInspected?: boolean
}

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export function localWorkers(
  { settings, workers }: Plan,
  ports: Ports,
  runId: string,
  behind: Ports = ports,
): readonly Worker[] {
  const describe = (
    name: WorkerName,
    config: string,
    at: keyof Ports,
    path: string,
    variables: GivenSettings,
  ): Worker => {
    const port = behind[at]
    const origin = `http://localhost:${ports[at]}`
    const health = `${origin}${path}`
    return { name, config, port, origin, health, variables: { ...variables, RUN_ID: runId } }
  }
  const emulator = 'emulators/pingone/wrangler.jsonc'
  return [
    {
      ...describe('mcp', 'wrangler.jsonc', 'mcp', '/health', {
        ...settings,
        ...(workers.includes('pingone') ? { LOCAL_USERS: emulatorUsers(ports) } : {}),
      }),
      ...(localApi === undefined || !workers.includes('api') ? {} : { api: localApi.service }),
      ...tunnel(settings, ports),
    },
    ...(localApi === undefined
      ? []
      : [
          {
            ...describe('api', localApi.config, 'api', '/health', apiVariables(settings)),
            service: localApi.service,
          },
        ]),
    describe('pingone', emulator, 'pingone', '/__emulator/health', emulatorVariables(settings, ports)),
  ].filter(({ name }) => workers.includes(name))
}

const tunnel = ({ PUBLIC_ORIGIN: shownAs }: Settings, ports: Ports): { shownAs?: string } =>
  shownAs === undefined || shownAs === `http://localhost:${ports.mcp}` ? {} : { shownAs }

/** The emulator's users that the banner and the home page name: the Worker itself knows nobody (src/settings.ts). */
export const SHOWN_USERS = {
  users: [
    { username: 'ada', note: 'an ordinary user' },
    { username: 'bob', note: 'another, who sees only his own data' },
    { username: 'alan', note: 'in the group mcp-approvers' },
    { username: 'edsger', note: 'in finance and mcp-policy-editors: a policy editor' },
    { username: 'grace', note: 'in mcp-operators and mcp-policy-editors: operator, policy editor' },
    { username: 'mary', note: 'in the group mcp-auditors: an auditor' },
  ],
  password: 'demo',
} as const

const emulatorUsers = (ports: Ports): string =>
  JSON.stringify({ ...SHOWN_USERS, page: `http://localhost:${ports.pingone}/__emulator` })

type Variables = Record<string, string>

/** PingOne's name of each scope of the product, by the setting that holds it. */
const apiScopes = (settings: GivenSettings): Variables =>
  Object.fromEntries(
    product.scopes.map(({ name, setting = name }) => [setting, settings[setting] ?? name] as const),
  )

const apiVariables = (settings: Settings): Variables => ({
  PINGONE_ISSUER: settings.PINGONE_ISSUER ?? '',
  API_IDENTIFIER: settings.API_IDENTIFIER ?? '',
  ...apiScopes(settings),
})

function emulatorVariables(settings: Settings, ports: Ports): Variables {
  const origin = settings.PUBLIC_ORIGIN ?? ''
  return {
    EMULATOR_ORIGIN: `http://localhost:${ports.pingone}`,
    EMULATOR_ENVIRONMENT_ID,
    EMULATOR_CLIENT_ID: settings.MCP_SERVER_CLIENT_ID ?? '',
    EMULATOR_CLIENT_SECRET: settings.MCP_SERVER_CLIENT_SECRET ?? '',
    EMULATOR_CLIENT_AUTH: settings.PINGONE_CLIENT_AUTH ?? 'client_secret_basic',
    EMULATOR_CLIENT_JWKS_URI: usesPrivateKey(settings) ? `${origin}/.well-known/jwks.json` : '',
    EMULATOR_REDIRECT_URIS: `${origin}/callback,${origin}/signed-in`,
    EMULATOR_POLICY_IDS: settings.PINGONE_DV_POLICY_ID ?? '',
    EMULATOR_API_IDENTIFIER: settings.API_IDENTIFIER ?? '',
    EMULATOR_API_SCOPES: Object.values(apiScopes(settings)).join(' '),
  }
}
