import { z } from 'zod'
import { isLoopbackHost } from '#lib/addresses.ts'
import { type AuditSigningKey, readAuditSigningKey } from '#lib/audit-signing-key.ts'
import { err, ok, type Result } from '#lib/result.ts'
import { type RoleGroups, roleGroups } from '#lib/roles.ts'
import { COOKIE_KEY_ID, readRootKeys, type RootKey, weaknessOf } from '#lib/root-keys.ts'
import { Secret } from '#lib/secret.ts'
import { readSigningKeys, type SigningKeys } from '#lib/signing-keys.ts'
import type { Product, ProductLinks } from '#catalog/define-product.ts'
import { type OfferedScope, offeredScopes } from '#catalog/offered-scopes.ts'
import { type PolicyConfig, policyConfig } from '#policy/settings.ts'
import { scopeSettings, SET_BY_SCRIPTS, Settings, words } from './settings.ts'

/** What the settings mean, read and checked once per isolate. Only this file and settings.ts know their names. */
export interface Config {
  /** Scheme, host and port, without a slash: the issuer towards clients, and what every request must be for. */
  publicOrigin: string
  /** The MCP endpoint: audience of every access token (RFC 8707). */
  resource: string
  isLocal: boolean
  runId: string | null
  /** The deployed commit; null: unknown. */
  commit: string | null
  /** Users whom the home page names; null in every deployment. */
  localUsers: { users: readonly { username: string; note: string }[]; password: string; page: string } | null
  /** For `/.well-known/security.txt`, in the operator's order. Empty: the path answers 404. */
  securityContacts: readonly string[]
  pingone: {
    issuer: string
    /** The first is sent as `acr_values`; any of them is accepted back as `acr`. */
    policyIds: readonly [string, ...string[]]
    clientId: string
    clientAuth:
      | { method: 'client_secret_basic' | 'client_secret_post'; secret: Secret }
      | { method: 'private_key_jwt'; keys: SigningKeys }
    extraScopes: readonly string[]
    sendResource: boolean
    par: boolean
    /** Decision 19. `ofIssuer`: the one that the issuer's address names; nothing accepted means any. */
    environments: { ofIssuer: string | null; accepted: readonly string[] }
    /** How long ago a user may have proved who they are; null: as PingOne decides. */
    maxAuthAgeSeconds: number | null
    /** PingOne's own session ends after so long without use; null: not known here. */
    sessionIdleSeconds: number | null
    /** The claims of the id token that policy and roles read: of the user's groups, and further ones. */
    claims: { groups: string; policy: readonly string[] }
  }
  /** The product on pages. */
  brand: { productName: string; links: ProductLinks }
  /** The slug of the product: events, sessions and rules carry it. */
  app: string
  api: { identifier: string; url: string | null; scopes: readonly OfferedScope[] }
  rootKeys: readonly [RootKey, ...RootKey[]]
  /** Ids of keys that were taken away for good. */
  retiredRootKeys: readonly string[]
  /** Nothing can be changed through this server, whatever a grant says. */
  isReadOnly: boolean
  /** The scopes that clients should request first: those that every call needs, or all. */
  firstScopes: 'required' | 'all'
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
    grantsPerUser: number
  }
  limits: { requestsPerMinute: number; registrationsPerDay: number }
  audit: {
    retentionDays: number
    allowsUnrecordedReads: boolean
    /** null: the lists of the audit log cannot be signed. */
    signingKey: AuditSigningKey | null
  }
  /** null: no group has a role, so there is no `/operate`. */
  operators: RoleGroups | null
  policy: PolicyConfig
  /** Where security events and acts of operators are sent; null: nowhere. */
  webhook: { url: string; secret: Secret } | null
}

const DAY_SECONDS = 86_400

/** What is wrong with the settings: names and rules, never values. */
export interface BadSettings {
  problems: readonly { name: string; problem: string }[]
  /** Nothing at all is set: a deployment without an environment, not a mistyped one. */
  isEmpty: boolean
}

/** zod has words of its own for a value that is not on a list. */
const ruleOf = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_value' ? `must be one of ${issue.values.join(', ')}` : issue.message

/** The part of a product that settings depend on. */
export type ConfiguredProduct = Pick<Product, 'slug' | 'title' | 'links' | 'scopes' | 'settings'>

export function loadConfig(env: unknown, product: ConfiguredProduct): Result<Config, BadSettings> {
  const parsed = Settings.safeParse(env)
  const scopeNames = scopeSettings(product).safeParse(env)
  const own = product.settings.safeParse(env)
  const given = z.record(z.string(), z.unknown()).parse(env)
  const textOf = (name: string) => (typeof given[name] === 'string' ? given[name] : undefined)
  // The first deployment sets COMMIT before anyone has set a setting.
  const isEmpty = !Object.keys(Settings.shape).some(
    (name) => !SET_BY_SCRIPTS.includes(name) && given[name] !== undefined,
  )
  const rootKeys = readRootKeys(textOf('ROOT_KEYS'), textOf('COOKIE_ENCRYPTION_KEY'))
  const fieldProblems = [
    ...(parsed.error?.issues ?? []),
    ...(scopeNames.error?.issues ?? []),
    ...(own.error?.issues ?? []),
  ].map((issue) => {
    const name = String(issue.path[0])
    const isMissing = issue.code === 'invalid_type' && given[name] === undefined
    return { name, problem: isMissing ? 'is missing' : ruleOf(issue) }
  })
  const keyProblems = rootKeys.ok ? [] : [{ name: 'ROOT_KEYS', problem: rootKeys.error }]
  // On a developer's machine a weak key harms nobody.
  const weakness =
    rootKeys.ok && isPublic(textOf('PUBLIC_ORIGIN') ?? '')
      ? weaknessOf(rootKeys.value, textOf('MCP_SERVER_CLIENT_SECRET'))
      : null
  if (weakness !== null)
    keyProblems.push({
      name: weakness.id === COOKIE_KEY_ID ? 'COOKIE_ENCRYPTION_KEY' : 'ROOT_KEYS',
      problem: weakness.problem,
    })
  const retired = words(textOf('RETIRED_ROOT_KEYS') ?? '')
  if (rootKeys.ok && rootKeys.value.some(({ id }) => retired.includes(id)))
    keyProblems.push({ name: 'RETIRED_ROOT_KEYS', problem: 'names a key that is still in use' })
  const auditKeyText = textOf('AUDIT_SIGNING_KEY')
  const auditKey = auditKeyText === undefined ? ok(null) : readAuditSigningKey(auditKeyText)
  if (!auditKey.ok) keyProblems.push({ name: 'AUDIT_SIGNING_KEY', problem: auditKey.error })
  const clientAuth = readClientAuth(textOf)
  const apiProblems =
    textOf('API_URL') === undefined && given['API'] === undefined
      ? [{ name: 'API_URL', problem: 'is missing, and no Worker is bound as API' }]
      : []
  const problems = [
    ...fieldProblems,
    ...keyProblems,
    ...(clientAuth.ok ? [] : clientAuth.error),
    ...apiProblems,
    ...problemsBetween(textOf),
  ]
  if (
    !parsed.success ||
    !scopeNames.success ||
    !rootKeys.ok ||
    !clientAuth.ok ||
    !auditKey.ok ||
    problems.length > 0
  )
    return err({ problems, isEmpty })
  const s = parsed.data
  const operators = roleGroups(s.VIEWER_GROUP, s.OPERATOR_GROUP, s.AUDITOR_GROUP, s.POLICY_EDITOR_GROUP)
  const isLocal = isLoopbackHost(new URL(s.PUBLIC_ORIGIN).hostname)
  return ok({
    publicOrigin: s.PUBLIC_ORIGIN,
    resource: `${s.PUBLIC_ORIGIN}/mcp`,
    isLocal,
    runId: s.RUN_ID ?? null,
    commit: s.COMMIT ?? null,
    localUsers: isLocal ? (s.LOCAL_USERS ?? null) : null,
    securityContacts: s.SECURITY_CONTACT,
    pingone: {
      issuer: s.PINGONE_ISSUER,
      policyIds: s.PINGONE_DV_POLICY_ID,
      clientId: s.MCP_SERVER_CLIENT_ID,
      clientAuth: clientAuth.value,
      extraScopes: s.PINGONE_EXTRA_SCOPES,
      sendResource: s.PINGONE_SEND_RESOURCE,
      par: s.PINGONE_PAR,
      environments: environmentsOf(s.PINGONE_ISSUER, s.ALLOWED_ENVIRONMENTS),
      maxAuthAgeSeconds: s.MAX_AUTH_AGE_HOURS === undefined ? null : s.MAX_AUTH_AGE_HOURS * 3600,
      sessionIdleSeconds: s.PINGONE_SESSION_HOURS === undefined ? null : s.PINGONE_SESSION_HOURS * 3600,
      claims: { groups: s.OPERATOR_CLAIM, policy: s.POLICY_CLAIMS },
    },
    brand: { productName: product.title, links: product.links ?? {} },
    app: product.slug,
    api: {
      identifier: s.API_IDENTIFIER,
      url: s.API_URL ?? null,
      scopes: offeredScopes(product.scopes, scopeNames.data),
    },
    rootKeys: rootKeys.value,
    retiredRootKeys: s.RETIRED_ROOT_KEYS,
    isReadOnly: s.PROFILE === 'read-only',
    firstScopes: s.FIRST_SCOPES,
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
      grantsPerUser: s.GRANTS_PER_USER,
    },
    limits: { requestsPerMinute: s.REQUESTS_PER_MINUTE, registrationsPerDay: s.REGISTRATIONS_PER_DAY },
    audit: {
      retentionDays: s.AUDIT_RETENTION_DAYS,
      allowsUnrecordedReads: s.READS_WITHOUT_AUDIT === 'allowed',
      signingKey: auditKey.value,
    },
    operators,
    policy: policyConfig(s),
    webhook:
      s.WEBHOOK_URL === undefined || s.WEBHOOK_SECRET === undefined
        ? null
        : { url: s.WEBHOOK_URL, secret: new Secret(s.WEBHOOK_SECRET) },
  })
}

/** `https://auth.pingone.<region>/<environment id>/as`; a custom domain leaves the id out. */
const ENVIRONMENT = /^\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/as$/

function environmentsOf(issuer: string, allowed: readonly string[]): Config['pingone']['environments'] {
  const ofIssuer = (URL.canParse(issuer) ? ENVIRONMENT.exec(new URL(issuer).pathname)?.[1] : null) ?? null
  return { ofIssuer, accepted: ofIssuer === null ? allowed : [ofIssuer] }
}

/** A secret or a key, as the method says, and never the other as well: one that is of no use only waits to be stolen. */
function readClientAuth(
  textOf: (name: string) => string | undefined,
): Result<Config['pingone']['clientAuth'], BadSettings['problems']> {
  const [secret, key] = [textOf('MCP_SERVER_CLIENT_SECRET'), textOf('MCP_SERVER_PRIVATE_KEY')]
  const method = Settings.shape.PINGONE_CLIENT_AUTH.safeParse(textOf('PINGONE_CLIENT_AUTH'))
  if (!method.success) return err([]) // Told as a problem of that setting alone.
  const usesKey = method.data === 'private_key_jwt'
  const spare = usesKey ? 'MCP_SERVER_CLIENT_SECRET' : 'MCP_SERVER_PRIVATE_KEY'
  const spareProblems =
    textOf(spare) === undefined
      ? []
      : [{ name: spare, problem: `must not be set where PINGONE_CLIENT_AUTH is ${method.data}` }]
  if (method.data !== 'private_key_jwt') {
    if (secret === undefined)
      return err([{ name: 'MCP_SERVER_CLIENT_SECRET', problem: 'is missing' }, ...spareProblems])
    return spareProblems.length > 0
      ? err(spareProblems)
      : ok({ method: method.data, secret: new Secret(secret) })
  }
  const keys: Result<SigningKeys, string> = key === undefined ? err('is missing') : readSigningKeys(key)
  if (!keys.ok) return err([{ name: 'MCP_SERVER_PRIVATE_KEY', problem: keys.error }, ...spareProblems])
  return spareProblems.length > 0 ? err(spareProblems) : ok({ method: method.data, keys: keys.value })
}

const isPublic = (origin: string): boolean =>
  URL.canParse(origin) && !isLoopbackHost(new URL(origin).hostname)

/** What no setting shows by itself. Told with all the rest, so that nobody mends one setting only to hear of the next. */
function problemsBetween(textOf: (name: string) => string | undefined): BadSettings['problems'] {
  // Http to anywhere else is refused by the setting itself.
  const issuer = textOf('PINGONE_ISSUER') ?? ''
  const isPlainHttp =
    issuer.startsWith('http:') && URL.canParse(issuer) && isLoopbackHost(new URL(issuer).hostname)
  const listed = words(`${textOf('ALLOWED_CLIENTS') ?? ''} ${textOf('ALLOWED_REDIRECT_HOSTS') ?? ''}`)
  const allowed = words(textOf('ALLOWED_ENVIRONMENTS') ?? '')
  const { ofIssuer } = environmentsOf(issuer, allowed)
  const isElsewhere = allowed.length > 0 && ofIssuer !== null && !allowed.includes(ofIssuer)
  const [webhook, webhookSecret] = [textOf('WEBHOOK_URL'), textOf('WEBHOOK_SECRET')]
  const admitsNobody = textOf('CLIENT_ADMISSION') === 'listed' && listed.length === 0
  return [
    ...(isPublic(textOf('PUBLIC_ORIGIN') ?? '') && isPlainHttp
      ? [{ name: 'PINGONE_ISSUER', problem: 'may be http only when PUBLIC_ORIGIN is on this machine' }]
      : []),
    ...(isElsewhere
      ? [{ name: 'PINGONE_ISSUER', problem: 'is of an environment that ALLOWED_ENVIRONMENTS does not name' }]
      : []),
    ...(webhook !== undefined && webhookSecret === undefined
      ? [{ name: 'WEBHOOK_SECRET', problem: 'is missing: WEBHOOK_URL needs it' }]
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
export function requireConfig(env: unknown, product: ConfiguredProduct): Config {
  const config = loadConfig(env, product)
  if (config.ok) return config.value
  throw new Error(
    `settings: ${config.error.problems.map(({ name, problem }) => `${name} ${problem}`).join('; ')}`,
  )
}
