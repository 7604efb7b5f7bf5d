import { parseEnv } from 'node:util'
import { SET_BY_SCRIPTS } from '#settings.ts'
import { product } from './chosen-product.ts'
import { readPrivateFile } from './private-file.ts'

/** Every setting of the MCP server: docs/configuration.md says what each one means. Nothing else is passed on. */
const ENGINE_NAMES = [
  'PUBLIC_ORIGIN',
  'PINGONE_ISSUER',
  'PINGONE_DV_POLICY_ID',
  'MCP_SERVER_CLIENT_ID',
  'PINGONE_CLIENT_AUTH',
  'MCP_SERVER_CLIENT_SECRET',
  'MCP_SERVER_PRIVATE_KEY',
  'PINGONE_PAR',
  'PINGONE_SEND_RESOURCE',
  'PINGONE_SESSION_HOURS',
  'PINGONE_EXTRA_SCOPES',
  'ALLOWED_ENVIRONMENTS',
  'API_IDENTIFIER',
  'API_URL',
  'ROOT_KEYS',
  'COOKIE_ENCRYPTION_KEY',
  'RETIRED_ROOT_KEYS',
  'PROFILE',
  'FIRST_SCOPES',
  'CLIENT_ADMISSION',
  'ALLOWED_CLIENTS',
  'ALLOWED_REDIRECT_HOSTS',
  'ALLOWED_ORIGINS',
  'ACCESS_TOKEN_MINUTES',
  'GRANT_IDLE_DAYS',
  'GRANT_MAX_DAYS',
  'GRANTS_PER_USER',
  'REQUESTS_PER_MINUTE',
  'REGISTRATIONS_PER_DAY',
  'AUDIT_RETENTION_DAYS',
  'AUDIT_SIGNING_KEY',
  'READS_WITHOUT_AUDIT',
  'MAX_AUTH_AGE_HOURS',
  'OPERATOR_CLAIM',
  'POLICY_CLAIMS',
  'VIEWER_GROUP',
  'OPERATOR_GROUP',
  'AUDITOR_GROUP',
  'POLICY_EDITOR_GROUP',
  'POLICY',
  'POLICY_CHANGES',
  'HEAD_MAX_AGE_SECONDS',
  'WEBHOOK_URL',
  'WEBHOOK_SECRET',
  'SECURITY_CONTACT',
] as const

/** The product's own names come last. */
export const SETTING_NAMES: readonly string[] = [
  ...ENGINE_NAMES,
  ...product.scopes.flatMap(({ setting }) => setting ?? []),
  ...Object.keys(product.settings.shape),
]

export type Settings = Partial<Record<(typeof ENGINE_NAMES)[number], string>> &
  Record<string, string | undefined>
export type GivenSettings = Readonly<Record<string, string | undefined>>

/** Later sources win. An empty value takes a setting away, so that absent means absent for the Worker too. */
export function mergeSettings(...sources: readonly GivenSettings[]): Settings {
  const merged: Settings = {}
  for (const source of sources) {
    for (const name of SETTING_NAMES) {
      const value = source[name]
      if (value === '') delete merged[name]
      else if (value !== undefined) merged[name] = value
    }
  }
  return merged
}

/** Values are taken as they stand, `$` included. A file that is not there holds nothing. */
export const readSettingsFile = (path: string): GivenSettings => parseEnv(readPrivateFile(path) ?? '')

/** Names in a settings file that are no settings: a typing error would be silent otherwise. */
export const unknownNames = (given: GivenSettings): readonly string[] => {
  const ports = ['MCP_PORT', 'TODO_API_PORT', 'PINGONE_PORT']
  const known = [...SETTING_NAMES, ...SET_BY_SCRIPTS, ...ports]
  return Object.keys(given).filter((name) => !known.includes(name))
}
