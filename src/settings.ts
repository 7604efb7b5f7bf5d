import { z } from 'zod'
import type { Product } from '#catalog/define-product.ts'
import { isExactDocumentUrl, isExactHost, isLoopbackHost } from '#lib/addresses.ts'
import { policySettings } from '#policy/settings.ts'

/** A list as users write it: separated by commas or spaces. */
export const words = (text: string) => text.split(/[\s,]+/).filter((word) => word !== '')
const list = z.string().default('').transform(words)
const flag = z
  .enum(['on', 'off', 'true', 'false', '1', '0'])
  .default('off')
  .transform((text) => ['on', 'true', '1'].includes(text))
const wholeNumber = (most: number) => {
  const error = `must be a whole number from 1 to ${most}`
  return z.coerce.number({ error }).int(error).min(1, error).max(most, error)
}
const count = (normal: number, most: number) => wholeNumber(most).default(normal)
/** RFC 6749 §3.3: one scope. */
const scopeName = z
  .string()
  .regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'must be one scope, without blanks or quotes')
const plainText = z.string().regex(/^\S(?:.*\S)?$/s, 'must not be empty, nor begin or end with a blank')

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
/** RFC 9116 §2.5.3: where to report a vulnerability. */
const contacts = list.refine(
  (all) => all.every((contact) => MAIL_ADDRESS.test(contact) || isContactPage(contact)),
  'must be mailto: addresses or https: pages, separated by commas',
)
const environments = list.refine(
  (ids) => ids.every((id) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)),
  'must be environment ids of PingOne, in lower case',
)
const keyIds = list.refine(
  (ids) => ids.every((id) => /^[A-Za-z0-9]{1,16}$/.test(id)),
  'must be ids of root keys: what stands before the colon, never the key',
)
const MOST_CLAIMS = 10
const claimNames = list.refine(
  (names) =>
    names.length <= MOST_CLAIMS &&
    new Set(names).size === names.length &&
    names.every((name) => /^[A-Za-z][\w.:/-]{0,63}$/.test(name)),
  `must be at most ${MOST_CLAIMS} names of claims, each once: a letter, then letters, digits and _ . : / -`,
)
const policyIds = z.string().transform((text, context): readonly [string, ...string[]] => {
  const [first, ...more] = words(text)
  if (first !== undefined) return [first, ...more]
  context.addIssue('must name at least one flow policy')
  return z.NEVER
})

const MAIL_ADDRESS = /^mailto:[\w.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/
const isContactPage = (text: string): boolean => {
  if (!/^https:\/\/[\x21-\x7E]+$/.test(text) || !URL.canParse(text)) return false
  const { username, password } = new URL(text)
  return username === '' && password === ''
}

const LocalUsers = z.strictObject({
  users: z.array(z.strictObject({ username: z.string(), note: z.string() })),
  password: z.string(),
  page: webAddress,
})
const localUsers = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      context.addIssue('must be JSON')
      return z.NEVER
    }
  })
  .pipe(LocalUsers)

/** What `npm start` and `npm run deploy` set, and no operator. */
export const SET_BY_SCRIPTS: readonly string[] = ['RUN_ID', 'COMMIT', 'LOCAL_USERS']

/** Every setting of the engine, by its name. */
export const Settings = z.object({
  PUBLIC_ORIGIN: origin.describe('The origin where users reach this server, e.g. `https://mcp.example.com`.'),
  PINGONE_ISSUER: webAddress
    .refine((text) => !text.endsWith('/'), 'must not end with a slash')
    .describe('Issuer of the PingOne environment: `https://auth.pingone.<region>/<environment id>/as`.'),
  PINGONE_DV_POLICY_ID: policyIds.describe(
    'Ids of DaVinci flow policies. Logins request the first; all are accepted.',
  ),
  MCP_SERVER_CLIENT_ID: plainText.describe('Client id of this server at PingOne.'),
  PINGONE_CLIENT_AUTH: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt'])
    .default('client_secret_basic')
    .describe('How this server authenticates at PingOne; the same as at the application there.'),
  MCP_SERVER_CLIENT_SECRET: plainText
    .optional()
    .describe('Secret of this server at PingOne. Only for the two methods that use one.'),
  MCP_SERVER_PRIVATE_KEY: z
    .string()
    .optional()
    .describe(
      'Only for `private_key_jwt`: a private RSA key as JWK, or a JWK set. The first key signs; the others are only published. `npm run keys` makes one.',
    ),
  PINGONE_PAR: flag.describe(
    'Push the parameters of a login to PingOne instead of sending them through the browser (RFC 9126). Only then the DaVinci flow gets `mcp_client_name` and `mcp_client_host`.',
  ),
  ALLOWED_ENVIRONMENTS: environments.describe(
    'Ids of the PingOne environments that this server may use, including that of `PINGONE_ISSUER`. Tokens of others are refused. Empty: only that of `PINGONE_ISSUER`, if its address names one.',
  ),
  MAX_AUTH_AGE_HOURS: wholeNumber(24 * 365)
    .optional()
    .describe(
      'The maximum age of the sign-in at PingOne when a user connects a client. Unset: PingOne decides.',
    ),
  PINGONE_SESSION_HOURS: wholeNumber(24 * 365)
    .optional()
    .describe(
      'Idle timeout of PingOne’s session in hours, as set in the flow. No access outlasts that session, so the consent page shows it. Unset: the page says that it is unknown and names PingOne’s default, 12 hours.',
    ),
  PINGONE_SEND_RESOURCE: flag.describe('Send `resource` to PingOne, which does not document it.'),
  PINGONE_EXTRA_SCOPES: list.describe('More scopes to request from PingOne, e.g. `offline_access`.'),
  API_IDENTIFIER: plainText.describe('Audience of the API: that of its resource at PingOne.'),
  API_URL: webAddress
    .optional()
    .describe('URL of the API. Unset: the service binding `API`. One of the two is required.'),
  ROOT_KEYS: z
    .string()
    .optional()
    .describe(
      'Root keys: `kid:base64url(32 bytes)`, separated by commas. The first encrypts and signs; all decrypt and verify. `npm run keys -- --root` makes one. A deployment refuses keys that are plainly not random, and one key under two ids.',
    ),
  COOKIE_ENCRYPTION_KEY: z
    .string()
    .min(32)
    .optional()
    .describe('A root key with the id `cookie`, the oldest one. Sufficient without `ROOT_KEYS`.'),
  RETIRED_ROOT_KEYS: keyIds.describe(
    'Ids of root keys that are gone for good: their grants end, and users sign in again. For any other missing key, clients get 503 and retry.',
  ),
  PROFILE: z
    .enum(['full', 'read-only'])
    .default('full')
    .describe('`read-only`: tools that change anything do not exist, and nobody is asked for write access.'),
  FIRST_SCOPES: z
    .enum(['required', 'all'])
    .default('required')
    .describe(
      'The scopes that the 401 and the metadata tell clients to request first: `required` (reading; more when a call needs it), or `all`, for clients that never ask a second time. Users can still clear a scope.',
    ),
  CLIENT_ADMISSION: z
    .enum(['known', 'listed', 'open'])
    .default('known')
    .describe(
      'Which MCP clients may connect: `known` (Claude, ChatGPT, VS Code and others, and the two lists below), `listed` (only the lists), `open` (every client). `npm start` sets `open`.',
    ),
  ALLOWED_CLIENTS: clientIds.describe(
    'Admitted clients: exact URLs of metadata documents (CIMD), or client ids of registrations.',
  ),
  ALLOWED_REDIRECT_HOSTS: redirectHosts.describe(
    'Admitted hosts in redirect URIs of registered clients, e.g. `app.example.com`; `localhost` for programs on a computer.',
  ),
  ALLOWED_ORIGINS: list.describe('Origins of web pages that may call `/mcp`.'),
  ACCESS_TOKEN_MINUTES: count(60, 24 * 60).describe('Lifetime of an access token.'),
  GRANT_IDLE_DAYS: count(30, 365).describe('A grant ends after so many days without a refresh.'),
  GRANT_MAX_DAYS: count(90, 3650).describe('A grant ends after so many days in any case.'),
  GRANTS_PER_USER: count(20, 100).describe(
    'Maximum grants per user. One more ends the one unused the longest: of the same client if it has one, else of all.',
  ),
  REQUESTS_PER_MINUTE: count(240, 1_000_000).describe(
    'Maximum requests to `/mcp` and refreshes per grant and minute, and as a burst. All grants of a user together: three times that.',
  ),
  REGISTRATIONS_PER_DAY: count(5000, 100_000).describe(
    'Maximum client registrations per day (UTC); a tenth of it per network.',
  ),
  AUDIT_RETENTION_DAYS: count(400, 3650).describe(
    'Audit events older than this are deleted from D1. A signed checkpoint stays in their place.',
  ),
  AUDIT_SIGNING_KEY: z
    .string()
    .optional()
    .describe(
      'Signs the daily lists of the audit log: a private Ed25519 key as JWK with a `kid`. Unset: nothing is signed, nothing is deleted, and each day has an error line. `npm start` makes one.',
    ),
  READS_WITHOUT_AUDIT: z
    .enum(['refused', 'allowed'])
    .default('refused')
    .describe(
      'Reads of a user whose audit events cannot be stored (D1 did not take them for a long time): `refused` with 503, or `allowed` and only counted. Changes are always refused.',
    ),
  OPERATOR_CLAIM: plainText
    .default('groups')
    .describe(
      'Claim of PingOne’s id token that lists the user’s groups: an attribute mapping of the application, e.g. of the group names. Roles of operators and rules of the policy read it.',
    ),
  POLICY_CLAIMS: claimNames.describe(
    'Claims of PingOne’s id token that rules of the policy may read besides the groups, separated by commas; at most 10. Each is one text or a list of at most 100, of at most 256 characters each. While a rule reads groups or claims, a user with more, or with a claim of another form, gets 503 (log event `claims.incomplete`).',
  ),
  VIEWER_GROUP: plainText
    .optional()
    .describe('Members may look: users, clients, sessions and events, without personal arguments.'),
  OPERATOR_GROUP: plainText
    .optional()
    .describe('Members may also end access, block and erase, with a sign-in of the last 5 minutes.'),
  AUDITOR_GROUP: plainText
    .optional()
    .describe(
      'Members may look, open personal arguments, export the audit log and mark sessions as audited.',
    ),
  POLICY_EDITOR_GROUP: plainText
    .optional()
    .describe(
      'Members may look and change the policy, with a sign-in of the last 5 minutes. With none of the four groups set, `/operate` does not exist.',
    ),
  ...policySettings,
  WEBHOOK_URL: webAddress
    .optional()
    .describe('Receives security events and acts of operators as signed webhooks. Unset: none are sent.'),
  WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/, 'must be whsec_ and 24 to 64 bytes in base64')
    .optional()
    .describe(
      'Signs webhooks (Standard Webhooks). Required with `WEBHOOK_URL`. `npm run keys -- --webhook` makes one.',
    ),
  SECURITY_CONTACT: contacts.describe(
    'Where to report vulnerabilities: `mailto:` addresses or `https:` pages. `/.well-known/security.txt` (RFC 9116) names them. Empty: it does not exist.',
  ),
  RUN_ID: z.string().optional().describe('`/health` returns it; `npm start` sets it.'),
  COMMIT: z
    .string()
    .regex(/^[0-9a-f]{7,64}$/)
    .optional()
    // Anything else is no reason to refuse to answer.
    .catch(undefined)
    .describe('The commit that is deployed, in hex. `/health` returns it; `npm run deploy` sets it.'),
  LOCAL_USERS: localUsers
    .optional()
    .catch(undefined)
    .describe(
      'The users whom the home page names, their password and their page; only on this machine. `npm start` sets it.',
    ),
})

/** PingOne's names of the product's scopes: one setting for each scope that names one. */
export const scopeSettings = ({ scopes }: Pick<Product, 'scopes'>) =>
  z.object(
    Object.fromEntries(
      scopes.flatMap(({ name, setting }) =>
        setting === undefined
          ? []
          : [
              [
                setting,
                scopeName.default(name).describe(`PingOne’s name of the scope \`${name}\`.`),
              ] as const,
            ],
      ),
    ),
  )

/** Every setting of a server with this product, with its meaning and its default: for docs/configuration.md. */
export const describedSettings = (product: Pick<Product, 'scopes' | 'settings'>) =>
  Object.entries({ ...Settings.shape, ...scopeSettings(product).shape, ...product.settings.shape }).map(
    ([name, schema]) => {
      const normal = z.safeParse(schema, undefined)
      return {
        name,
        meaning: z.globalRegistry.get(schema)?.description ?? '',
        isNeeded: !normal.success,
        normal: normal.data,
      }
    },
  )
