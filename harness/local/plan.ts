import { chosen, product } from './chosen-product.ts'
import type { Keys } from './keys.ts'
import { findLocalApi } from './local-api.ts'
import { type GivenSettings, mergeSettings, type Settings } from './settings.ts'

export interface Ports {
  readonly mcp: number
  readonly api: number
  readonly pingone: number
}

export const WORKER_NAMES = ['mcp', 'api', 'pingone'] as const
export type WorkerName = (typeof WORKER_NAMES)[number]

/** Which Workers a start brings up, and the settings of the MCP server in it. */
export interface Plan {
  readonly settings: Settings
  readonly workers: readonly WorkerName[]
}

/** The API of the product on this machine, if it has one. */
export const localApi = findLocalApi(chosen.folder)

export const DEFAULT_PORTS: Ports = { mcp: 8787, api: 8788, pingone: 8789 }

export const EMULATOR_ENVIRONMENT_ID = '7f9a1f2e-0000-4000-8000-000000000001'
const EMULATOR_POLICY_ID = '5c1f0e6d2b7a4e0f9d3c8a6b1e2f4d70'
/** The groups of the emulator's grace, mary and edsger. */
const EMULATOR_ROLES = {
  OPERATOR_GROUP: 'mcp-operators',
  AUDITOR_GROUP: 'mcp-auditors',
  POLICY_EDITOR_GROUP: 'mcp-policy-editors',
}
const EMULATOR_CLIENT_ID = '2d6c1a54-0000-4000-8000-0000000000c1'

/** A real PingOne replaces the emulator, a real API replaces the local one: then nothing is made up for them. */
export function planLocal(given: GivenSettings, ports: Ports, keys: Keys): Plan {
  const ours = mergeSettings(given)
  const isEmulator = ours.PINGONE_ISSUER === undefined
  const settings = mergeSettings(
    { PUBLIC_ORIGIN: `http://localhost:${ports.mcp}` },
    // Only while nobody but this machine reaches it; behind a tunnel the Worker's own, strict default holds.
    ours.PUBLIC_ORIGIN === undefined ? { CLIENT_ADMISSION: 'open', POLICY_CHANGES: 'one-editor' } : {},
    ours.COOKIE_ENCRYPTION_KEY === undefined ? { ROOT_KEYS: keys.rootKeys } : {},
    { AUDIT_SIGNING_KEY: keys.auditKey },
    isEmulator ? emulatorSettings(ours, ports, keys) : {},
    given,
  )
  const replaced: readonly WorkerName[] = [
    ...(isEmulator ? [] : (['pingone'] as const)),
    ...(ours.API_URL === undefined && localApi !== undefined ? [] : (['api'] as const)),
  ]
  return { settings, workers: WORKER_NAMES.filter((name) => !replaced.includes(name)) }
}

const emulatorSettings = (ours: Settings, ports: Ports, keys: Keys): Settings => ({
  PINGONE_ISSUER: `http://localhost:${ports.pingone}/${EMULATOR_ENVIRONMENT_ID}/as`,
  PINGONE_DV_POLICY_ID: EMULATOR_POLICY_ID,
  MCP_SERVER_CLIENT_ID: EMULATOR_CLIENT_ID,
  API_IDENTIFIER: `https://${product.slug}.api.example`,
  ...EMULATOR_ROLES,
  ...(usesPrivateKey(ours)
    ? { MCP_SERVER_PRIVATE_KEY: keys.privateKey }
    : { MCP_SERVER_CLIENT_SECRET: keys.clientSecret }),
})

export const usesPrivateKey = (settings: Settings): boolean =>
  settings.PINGONE_CLIENT_AUTH === 'private_key_jwt'
