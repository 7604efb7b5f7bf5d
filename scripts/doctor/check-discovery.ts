import { z } from 'zod'
import type { Config } from '#config.ts'
import { isLoopbackHost } from '#lib/addresses.ts'
import { expectThat, type Finding, note, ok, problem } from './finding.ts'

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

/** Checks PingOne's discovery document against the settings. */
export function checkDiscovery(document: unknown, { pingone }: Pick<Config, 'pingone'>): DiscoveryResult {
  const parsed = Document.safeParse(document)
  if (!parsed.success) {
    const text =
      'the discovery document is none: look at PINGONE_ISSUER (docs/run.md has the form per region)'
    return { findings: [problem(text)], keys: null }
  }
  const found = parsed.data
  const { method } = pingone.clientAuth
  const findings = [
    // §4.3: an exact match, or every token is refused.
    expectThat(
      found.issuer === pingone.issuer,
      'the issuer is the configured one',
      'the document names another issuer: set PINGONE_ISSUER to exactly what it says',
    ),
    ...endpoints(pingone.par).map((name) => checkEndpoint(name, found[name])),
    expectThat(
      found.code_challenge_methods_supported.includes('S256'),
      'PKCE S256 is offered',
      'PKCE S256 is not offered: every login uses it. Is this PingOne?',
    ),
    expectThat(
      found.grant_types_supported.includes('refresh_token'),
      'the grant type refresh_token is offered',
      'the grant type refresh_token is not offered: access would end with its first token',
    ),
    found.token_endpoint_auth_methods_supported.includes(method)
      ? ok(`client authentication ${method} is offered`)
      : note(`the document does not list ${method}; whether PingOne takes it is seen further down`),
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
  if (typeof address !== 'string' || !URL.canParse(address)) return problem(`${name} is missing`)
  const { protocol, hostname } = new URL(address)
  const isSafe = protocol === 'https:' || isLoopbackHost(hostname)
  return expectThat(isSafe, `${name} is there`, `${name} is not https: nothing is sent there`)
}
