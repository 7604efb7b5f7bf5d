/** PingOne as the doctor sees it, for its unit tests. */
import { expect } from 'vitest'
import { rootKey } from '#harness/root-key.ts'

export const ISSUER = 'https://auth.pingone.eu/7f9a1f2e-0000-4000-8000-000000000001/as'
export const settings = {
  PUBLIC_ORIGIN: 'https://mcp.example.com',
  PINGONE_ISSUER: ISSUER,
  PINGONE_DV_POLICY_ID: 'policy',
  MCP_SERVER_CLIENT_ID: 'the-application',
  MCP_SERVER_CLIENT_SECRET: 'the-secret',
  API_IDENTIFIER: 'todo-api',
  API_URL: 'https://api.example.com',
  ROOT_KEYS: rootKey('k1'),
}
const discovery = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  revocation_endpoint: `${ISSUER}/revoke`,
  jwks_uri: `${ISSUER}/jwks`,
  grant_types_supported: ['authorization_code', 'refresh_token'],
  code_challenge_methods_supported: ['plain', 'S256'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
}
export const rsa = {
  kty: 'RSA',
  use: 'sig',
  kid: 'k',
  e: 'AQAB',
  n: Buffer.alloc(256, 1).toString('base64url'),
}
export const denial = (error: string, status = 400) =>
  Response.json({ error, error_description: 'STRANGE' }, { status })

/** An error redirect from PingOne to the application. */
export const back = (query: URLSearchParams, error: string, description = 'STRANGE') => {
  const url = new URL(query.get('redirect_uri') ?? 'https://mcp.example.com/callback')
  url.search = new URLSearchParams({ error, error_description: description }).toString()
  return new Response(null, { status: 302, headers: { location: url.href } })
}
export const needsUser = (query: URLSearchParams) => {
  expect(query.get('prompt')).toBe('none')
  return back(query, 'login_required')
}
export const page = (status = 400) => new Response('STRANGE', { status })
const pushed = () => Response.json({ request_uri: 'urn:x', expires_in: 60 }, { status: 201 })

/** PingOne as far as the doctor calls it, with overrides. */
export const pingone =
  (
    different: {
      document?: object
      keys?: object[]
      token?: () => Response
      down?: boolean
      authorize?: (query: URLSearchParams) => Response
      par?: () => Response
      revoke?: () => Response
      date?: string
      api?: () => Response
    } = {},
  ) =>
  async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { host, pathname, searchParams } = new URL(new Request(input, init).url)
    if (host === 'api.example.com') return (different.api ?? (() => page(401)))()
    if (pathname.endsWith('/authorize')) return (different.authorize ?? needsUser)(searchParams)
    if (pathname.endsWith('/par')) return (different.par ?? pushed)()
    if (different.down === true) throw new TypeError('fetch failed')
    if (pathname.endsWith('/jwks')) return Response.json({ keys: different.keys ?? [rsa] })
    if (pathname.endsWith('/token')) return (different.token ?? (() => denial('invalid_grant')))()
    if (pathname.endsWith('/revoke')) return (different.revoke ?? (() => page(200)))()
    const headers = { date: different.date ?? new Date().toUTCString() }
    return Response.json({ ...discovery, ...different.document }, { headers })
  }

interface Line {
  readonly level: string
  readonly fix?: string
  readonly page?: string
}

/** Runs the doctor; none of its lines has a secret or a text of PingOne, and each problem names its fix and its page. */
export const examinedBy =
  <Input extends readonly unknown[], Found extends Line>(
    examine: (...input: Input) => Promise<readonly Found[]>,
    lineOf: (finding: Found) => string,
  ) =>
  async (...input: Input) => {
    const findings = await examine(...input)
    const text = findings.map(lineOf).join('\n')
    expect(text).not.toContain('STRANGE')
    expect(text).not.toContain('the-secret')
    const problems = findings.filter(({ level }) => level === 'problem')
    for (const { fix, page: help } of problems)
      expect([typeof fix, help]).toEqual(['string', expect.stringContaining('docs/')])
    return { problems: problems.map((finding) => lineOf(finding).slice('problem  '.length)), text }
  }
