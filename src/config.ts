import { z } from 'zod'
import { isLoopbackHost } from './lib/loopback.ts'
import { err, ok, type Result } from './lib/result.ts'
import { readRootKeys, type RootKey } from './lib/root-keys.ts'
import { Secret } from './lib/secret.ts'
import { Settings, words } from './settings.ts'

/** What the settings mean, read and checked once per isolate. Only this file and settings.ts know their names. */
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

/** For what runs only behind a configuration that was accepted; says names and rules, never values. */
export function requireConfig(env: unknown): Config {
  const config = loadConfig(env)
  if (config.ok) return config.value
  throw new Error(
    `settings: ${config.error.problems.map(({ name, problem }) => `${name} ${problem}`).join('; ')}`,
  )
}
