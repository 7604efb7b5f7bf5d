import { z } from 'zod'
import type { GivenSettings } from '#harness/local/settings.ts'
import { type Finding, ok, problem } from './finding.ts'

/** Settings that nobody but the server may read. */
const SECRETS = [
  'MCP_SERVER_CLIENT_SECRET',
  'MCP_SERVER_PRIVATE_KEY',
  'ROOT_KEYS',
  'COOKIE_ENCRYPTION_KEY',
  'AUDIT_SIGNING_KEY',
  'WEBHOOK_SECRET',
]

const Environment = z.looseObject({
  vars: z.record(z.string(), z.unknown()).default({}),
  services: z.array(z.looseObject({ binding: z.string() })).default([]),
})
const Configuration = Environment.extend({ env: z.record(z.string(), Environment).default({}) })
type Configuration = z.infer<typeof Configuration>

/** wrangler takes a second to load, so it is loaded only for an environment. */
export async function readConfiguration(file: string): Promise<Configuration> {
  const { experimental_readRawConfig: readRawConfig } = await import('wrangler')
  return Configuration.parse(readRawConfig({ config: file }).rawConfig)
}

export const environmentsIn = ({ env }: Configuration): readonly string[] => Object.keys(env)

/** Settings that a deployment has from `vars`; those of its file are secrets beside them. */
export const plainSettings = ({ env }: Configuration, environment: string): GivenSettings =>
  Object.fromEntries(
    Object.entries(env[environment]?.vars ?? {}).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    ),
  )

/** `vars` are in the repository and on Cloudflare's dashboard in clear text. */
export function checkVars(configuration: Configuration, environment: string): readonly Finding[] {
  const places = [
    ['the top level', configuration] as const,
    ...Object.entries(configuration.env)
      .filter(([name]) => name === environment)
      .map(([name, found]) => [`env.${name}`, found] as const),
  ]
  const findings = places.flatMap(([place, { vars }]) =>
    SECRETS.filter((name) => Object.hasOwn(vars, name)).map((name) =>
      problem(
        'secrets in plain vars',
        `${name} is in vars of ${place} in wrangler.jsonc, readable to everyone`,
        {
          fix:
            `take it out, make a new one, and set it with npx wrangler secret put ${name}` +
            (place.startsWith('env.') ? ` --env ${place.slice('env.'.length)}` : ''),
          page: 'docs/run.md#settings-of-a-deployment',
        },
      ),
    ),
  )
  return findings.length > 0 ? findings : [ok('secrets in plain vars', 'wrangler.jsonc has none')]
}

/** Environments do not inherit bindings, and the server needs either of the two. */
export function checkApiBinding(
  { env }: Configuration,
  environment: string,
  { API_URL: url = '' }: GivenSettings,
): readonly Finding[] {
  if (url !== '' || env[environment]?.services.some(({ binding }) => binding === 'API') === true) return []
  const found = `it is missing, and env.${environment} of wrangler.jsonc binds no Worker as API`
  return [
    problem('API_URL', found, {
      fix: 'set it, or uncomment the line services there',
      page: 'docs/run.md#deploy',
    }),
  ]
}
