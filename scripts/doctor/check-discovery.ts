import { z } from 'zod'
import type { Config } from '#config.ts'
import { isLoopbackHost } from '#lib/addresses.ts'
import { type Finding, note, ok, problem } from './finding.ts'

const names = z.array(z.string()).default([])

/** The fields of OpenID Connect Discovery §3 that this server depends on. */
const Document = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.string().optional(),
  token_endpoint: z.string().optional(),
  revocation_endpoint: z.string().optional(),
  pushed_authorization_request_endpoint: z.string().optional(),
  jwks_uri: z.string().optional(),
  grant_types_supported: names,
  code_challenge_methods_supported: names,
  token_endpoint_auth_methods_supported: names,
})

export interface DiscoveryResult {
  readonly findings: readonly Finding[]
  /** The JWKS URL, if known. */
  readonly keys: string | null
}

const CHECK = 'discovery document'
const REMEDY = {
  fix: 'set PINGONE_ISSUER to the issuer of your environment and region',
  page: 'docs/run.md#what-the-server-needs-from-the-tokens',
}

/** Checks PingOne's discovery document against the settings. */
export function checkDiscovery(document: unknown, { pingone }: Pick<Config, 'pingone'>): DiscoveryResult {
  const parsed = Document.safeParse(document)
  if (!parsed.success)
    return { findings: [problem(CHECK, 'the answer is no discovery document', REMEDY)], keys: null }
  const found = parsed.data
  const { method } = pingone.clientAuth
  const findings = [
    // §4.3: an exact match, or every token is refused.
    found.issuer === pingone.issuer
      ? ok(CHECK, 'the issuer is the configured one')
      : problem(CHECK, 'the document names another issuer', {
          ...REMEDY,
          fix: 'set PINGONE_ISSUER to exactly what the document says',
        }),
    ...endpoints(pingone.par).map((name) => checkEndpoint(name, found[name])),
    found.code_challenge_methods_supported.includes('S256')
      ? ok(CHECK, 'PKCE S256 is offered')
      : problem(CHECK, 'PKCE S256 is not offered, and every login uses it: this may not be PingOne', REMEDY),
    found.grant_types_supported.includes('refresh_token')
      ? ok(CHECK, 'the grant type refresh_token is offered')
      : problem(
          CHECK,
          'the grant type refresh_token is not offered: access would end with its first token',
          REMEDY,
        ),
    found.token_endpoint_auth_methods_supported.includes(method)
      ? ok(CHECK, `client authentication ${method} is offered`)
      : note(
          CHECK,
          `it does not list ${method}; the line "client authentication" shows whether PingOne takes it`,
        ),
  ]
  return { findings, keys: found.jwks_uri ?? null }
}

type Endpoint =
  | 'authorization_endpoint'
  | 'token_endpoint'
  | 'revocation_endpoint'
  | 'jwks_uri'
  | 'pushed_authorization_request_endpoint'

const endpoints = (par: boolean): readonly Endpoint[] => [
  'authorization_endpoint',
  'token_endpoint',
  'revocation_endpoint',
  'jwks_uri',
  ...(par ? (['pushed_authorization_request_endpoint'] as const) : []),
]

function checkEndpoint(name: Endpoint, address: unknown): Finding {
  if (typeof address !== 'string' || !URL.canParse(address))
    return problem(CHECK, `${name} is missing`, REMEDY)
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' || isLoopbackHost(hostname)
    ? ok(CHECK, `${name} is there`)
    : problem(CHECK, `${name} is not https, so nothing is sent there`, REMEDY)
}

const MOST_APART_SECONDS = 60

/** Tokens carry times: PingOne's clock, by its `Date` header, against the clock of this machine. */
export function checkClock(date: string | null, nowMs: number): Finding {
  const theirs = date === null ? Number.NaN : Date.parse(date)
  if (Number.isNaN(theirs)) return note('clock', 'not checked: PingOne sent no Date header')
  const apart = Math.round((theirs - nowMs) / 1000)
  if (Math.abs(apart) <= MOST_APART_SECONDS)
    return ok('clock', `PingOne's and this machine's differ by at most ${MOST_APART_SECONDS} seconds`)
  return problem(
    'clock',
    `PingOne's is ${Math.abs(apart)} seconds ${apart > 0 ? 'ahead of' : 'behind'} this machine's`,
    {
      fix: 'set the clock of this machine; a deployment runs on the clock of Cloudflare, so compare that with PingOne too',
      page: REMEDY.page,
    },
  )
}
