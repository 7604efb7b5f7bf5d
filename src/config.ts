import { z } from 'zod'
import { isExactDocumentUrl, isExactHost } from './lib/exact-names.ts'
import { isLoopbackHost } from './lib/loopback.ts'
import { err, ok, type Result } from './lib/result.ts'
import { readRootKeys, type RootKey } from './lib/root-keys.ts'
import { Secret } from './lib/secret.ts'

/** Settings, read and checked once per isolate. This file is the only one that knows their names. */
export interface Config {
  /** Scheme, host and port, without a slash: the issuer towards clients, and what every request must be for. */
  publicOrigin: string
  /** The MCP endpoint: audience of every access token (RFC 8707). */
  resource: string
  isLocal: boolean
  runId: string | null
  pingone: {
    issuer: string
    /** The first is sent as `acr_values`; any of them is accepted back as `acr`. */
    policyIds: readonly [string, ...string[]]
    clientId: string
    clientAuth: { method: 'client_secret_basic' | 'client_secret_post'; secret: Secret }
    extraScopes: readonly string[]
    sendResource: boolean
  }
  api: { identifier: string; url: string | null; scopeRead: string; scopeWrite: string }
  rootKeys: readonly [RootKey, ...RootKey[]]
  /** Decision 16. Clients and hosts are the operator's own, letter by letter. */
  admission: {
    mode: 'known' | 'listed' | 'open'
    clients: readonly string[]
    redirectHosts: readonly string[]
  }
  allowedOrigins: readonly string[]
  life: {
    accessTokenSeconds: number
    grantIdleSeconds: number
    grantMaxSeconds: number
    grantsPerPerson: number
  }
}

const DAY_SECONDS = 86_400

const words = (text: string) => text.split(/[\s,]+/).filter((word) => word !== '')
const list = z.string().default('').transform(words)
const flag = z
  .enum(['on', 'off', 'true', 'false', '1', '0'])
  .default('off')
  .transform((text) => ['on', 'true', '1'].includes(text))
const count = (normal: number, most: number) => z.coerce.number().int().min(1).max(most).default(normal)

/** Https, or http on this machine. No path beyond what is asked, no query, no fragment, no credentials. */
const webAddress = z.string().refine((text) => {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname))
  return isSafe && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
}, 'must be an https address (http only on localhost) without query or fragment')

const origin = webAddress.refine(
  (text) => !URL.canParse(text) || new URL(text).origin === text,
  'must be an origin: scheme, host and port, in lower case, without a slash at the end',
)
const clientIds = list.refine(
  (ids) => ids.every((id) => /^[A-Za-z0-9_-]{1,64}$/.test(id) || isExactDocumentUrl(id)),
  'must be https addresses of client documents, exactly as clients send them, or ids of registrations',
)
const redirectHosts = list.refine(
  (hosts) => hosts.every(isExactHost),
  'must be host names in lower case, with a port where it is not 443, without scheme, path or *',
)
const policyIds = z.string().transform((text, context): readonly [string, ...string[]] => {
  const [first, ...more] = words(text)
  if (first !== undefined) return [first, ...more]
  context.addIssue('must name at least one flow policy')
  return z.NEVER
})

const Settings = z.object({
  PUBLIC_ORIGIN: origin.describe('Where this server is reached, e.g. `https://mcp.example.com`.'),
  PINGONE_ISSUER: webAddress
    .refine((text) => !text.endsWith('/'), 'must not end with a slash')
    .describe('Issuer of the PingOne environment: `https://auth.pingone.<region>/<environment id>/as`.'),
  PINGONE_DV_POLICY_ID: policyIds.describe(
    'DaVinci flow policy ids, separated by commas: the first is asked for, each is accepted.',
  ),
  MCP_SERVER_CLIENT_ID: z.string().min(1).describe('Client id of this server at PingOne.'),
  PINGONE_CLIENT_AUTH: z
    .enum(['client_secret_basic', 'client_secret_post'])
    .default('client_secret_basic')
    .describe('How this server authenticates at PingOne, as set on the application there.'),
  MCP_SERVER_CLIENT_SECRET: z.string().min(1).describe('Secret of this server at PingOne.'),
  PINGONE_SEND_RESOURCE: flag.describe('Send `resource` to PingOne. Off: PingOne does not document it.'),
  PINGONE_EXTRA_SCOPES: list.describe('More scopes to ask PingOne for, e.g. `offline_access`.'),
  API_IDENTIFIER: z.string().min(1).describe('Audience of the API, as set on its resource at PingOne.'),
  API_URL: webAddress.optional().describe('Where the API is. Unset: the service binding `TODO_API`.'),
  API_SCOPE_READ: z
    .string()
    .min(1)
    .default('todo:read')
    .describe('Scope of the API for reading, at PingOne.'),
  API_SCOPE_WRITE: z
    .string()
    .min(1)
    .default('todo:write')
    .describe('Scope of the API for writing, at PingOne.'),
  ROOT_KEYS: z
    .string()
    .optional()
    .describe('Keys that seal and sign: `kid:base64url(32 bytes)`, separated by commas; the first is used.'),
  COOKIE_ENCRYPTION_KEY: z
    .string()
    .min(32)
    .optional()
    .describe('Accepted as the only root key where `ROOT_KEYS` is not set.'),
  CLIENT_ADMISSION: z
    .enum(['known', 'listed', 'open'])
    .default('known')
    .describe(
      'Which MCP clients may ask people for access: `known` (Claude, ChatGPT, VS Code and others, and the lists below), `listed` (only the lists below), `open` (every client). `npm start` sets `open`.',
    ),
  ALLOWED_CLIENTS: clientIds.describe(
    'Clients that are admitted: exact URLs of their documents (CIMD), or client ids of registrations.',
  ),
  ALLOWED_REDIRECT_HOSTS: redirectHosts.describe(
    'Hosts where clients that registered themselves may have their answer, e.g. `app.example.com`; `localhost` for apps on a computer.',
  ),
  ALLOWED_ORIGINS: list.describe('Origins of browser clients that may call `/mcp`.'),
  ACCESS_TOKEN_MINUTES: count(60, 24 * 60).describe('How long an access token lives.'),
  GRANT_IDLE_DAYS: count(30, 365).describe('A grant that nobody used for so long ends.'),
  GRANT_MAX_DAYS: count(90, 3650).describe('A grant ends after so long, used or not.'),
  GRANTS_PER_PERSON: count(20, 100).describe(
    'How many grants one person may have; for one more, the one that was unused the longest ends.',
  ),
  RUN_ID: z.string().optional().describe('Answered by `/health`; set by `npm start`.'),
})

/** For docs/configuration.md: every setting with what it means and what it is when it is not set. */
export const describedSettings = () =>
  Object.entries(Settings.shape).map(([name, schema]) => {
    const normal = schema.safeParse(undefined)
    return { name, meaning: schema.description ?? '', isNeeded: !normal.success, normal: normal.data }
  })

/** What is wrong with the settings: names and rules, never values. */
export interface BadSettings {
  problems: readonly { name: string; problem: string }[]
  /** Nothing at all is set: a deployment without an environment, not a mistyped one. */
  isEmpty: boolean
}

export function loadConfig(env: unknown): Result<Config, BadSettings> {
  const parsed = Settings.safeParse(env)
  const given = z.record(z.string(), z.unknown()).parse(env)
  const textOf = (name: string) => (typeof given[name] === 'string' ? given[name] : undefined)
  const isEmpty = !Object.keys(Settings.shape).some((name) => given[name] !== undefined)
  const rootKeys = readRootKeys(textOf('ROOT_KEYS'), textOf('COOKIE_ENCRYPTION_KEY'))
  const fieldProblems = (parsed.error?.issues ?? []).map(({ path, message, code }) => {
    const name = String(path[0])
    return { name, problem: code === 'invalid_type' && given[name] === undefined ? 'is missing' : message }
  })
  const keyProblems = rootKeys.ok ? [] : [{ name: 'ROOT_KEYS', problem: rootKeys.error }]
  const problems = [...fieldProblems, ...keyProblems, ...problemsBetween(textOf)]
  if (!parsed.success || !rootKeys.ok || problems.length > 0) return err({ problems, isEmpty })
  const s = parsed.data
  const isLocal = isLoopbackHost(new URL(s.PUBLIC_ORIGIN).hostname)
  return ok({
    publicOrigin: s.PUBLIC_ORIGIN,
    resource: `${s.PUBLIC_ORIGIN}/mcp`,
    isLocal,
    runId: s.RUN_ID ?? null,
    pingone: {
      issuer: s.PINGONE_ISSUER,
      policyIds: s.PINGONE_DV_POLICY_ID,
      clientId: s.MCP_SERVER_CLIENT_ID,
      clientAuth: { method: s.PINGONE_CLIENT_AUTH, secret: new Secret(s.MCP_SERVER_CLIENT_SECRET) },
      extraScopes: s.PINGONE_EXTRA_SCOPES,
      sendResource: s.PINGONE_SEND_RESOURCE,
    },
    api: {
      identifier: s.API_IDENTIFIER,
      url: s.API_URL ?? null,
      scopeRead: s.API_SCOPE_READ,
      scopeWrite: s.API_SCOPE_WRITE,
    },
    rootKeys: rootKeys.value,
    admission: {
      mode: s.CLIENT_ADMISSION,
      clients: s.ALLOWED_CLIENTS,
      redirectHosts: s.ALLOWED_REDIRECT_HOSTS,
    },
    allowedOrigins: s.ALLOWED_ORIGINS,
    life: {
      accessTokenSeconds: s.ACCESS_TOKEN_MINUTES * 60,
      grantIdleSeconds: s.GRANT_IDLE_DAYS * DAY_SECONDS,
      grantMaxSeconds: s.GRANT_MAX_DAYS * DAY_SECONDS,
      grantsPerPerson: s.GRANTS_PER_PERSON,
    },
  })
}

/** What no setting shows by itself. Told with all the rest, so that nobody mends one setting only to hear of the next. */
function problemsBetween(textOf: (name: string) => string | undefined): BadSettings['problems'] {
  const publicOrigin = textOf('PUBLIC_ORIGIN') ?? ''
  const isPublic = URL.canParse(publicOrigin) && !isLoopbackHost(new URL(publicOrigin).hostname)
  // Http to anywhere else is refused by the setting itself.
  const issuer = textOf('PINGONE_ISSUER') ?? ''
  const isPlainHttp =
    issuer.startsWith('http:') && URL.canParse(issuer) && isLoopbackHost(new URL(issuer).hostname)
  const listed = words(`${textOf('ALLOWED_CLIENTS') ?? ''} ${textOf('ALLOWED_REDIRECT_HOSTS') ?? ''}`)
  const admitsNobody = textOf('CLIENT_ADMISSION') === 'listed' && listed.length === 0
  return [
    ...(isPublic && isPlainHttp
      ? [{ name: 'PINGONE_ISSUER', problem: 'may be http only when PUBLIC_ORIGIN is on this machine' }]
      : []),
    ...(admitsNobody
      ? [
          {
            name: 'CLIENT_ADMISSION',
            problem: 'admits nobody: set ALLOWED_CLIENTS or ALLOWED_REDIRECT_HOSTS too',
          },
        ]
      : []),
  ]
}

// Settings of later releases (docs/decisions). Someone who sets one expects something of it.
const OF_LATER_RELEASES = [
  'MCP_SERVER_PRIVATE_KEY',
  'PINGONE_PAR',
  'MAX_AUTH_AGE_HOURS',
  'OPERATOR_CLAIM',
  'OPERATOR_GROUP',
]

/** Which of the given settings this release knows and does not heed. */
export const settingsWithoutEffect = (env: unknown): readonly string[] => {
  const given = z.record(z.string(), z.unknown()).parse(env)
  return OF_LATER_RELEASES.filter((name) => given[name] !== undefined && given[name] !== '')
}

/** For what runs only behind a configuration that was accepted; says names and rules, never values. */
export function requireConfig(env: unknown): Config {
  const config = loadConfig(env)
  if (config.ok) return config.value
  throw new Error(
    `settings: ${config.error.problems.map(({ name, problem }) => `${name} ${problem}`).join('; ')}`,
  )
}
