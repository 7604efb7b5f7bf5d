import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { examine } from '../../../scripts/doctor/examine.ts'
import { readDeployment } from '../../../scripts/doctor/read-settings.ts'
import { rootKey } from '../../support/root-key.ts'

const ISSUER = 'https://auth.pingone.eu/7f9a1f2e-0000-4000-8000-000000000001/as'
const settings = {
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
const rsa = { kty: 'RSA', use: 'sig', kid: 'k', e: 'AQAB', n: Buffer.alloc(256, 1).toString('base64url') }
const refused = (error: string, status = 400) =>
  Response.json({ error, error_description: 'STRANGE' }, { status })

/** PingOne as far as the doctor asks it, with one thing different. */
const pingone =
  (different: { document?: object; keys?: object[]; token?: () => Response; down?: boolean } = {}) =>
  async (input: string | URL | Request): Promise<Response> => {
    const { pathname } = new URL(new Request(input).url)
    if (different.down === true) throw new TypeError('fetch failed')
    if (pathname.endsWith('/jwks')) return Response.json({ keys: different.keys ?? [rsa] })
    if (pathname.endsWith('/token')) return (different.token ?? (() => refused('invalid_grant')))()
    return Response.json({ ...discovery, ...different.document })
  }

const said = async (...given: Parameters<typeof examine>) => {
  const findings = await examine(...given)
  const text = findings.map(({ text: line }) => line).join('\n')
  expect(text).not.toContain('STRANGE')
  expect(text).not.toContain('the-secret')
  return { problems: findings.filter(({ level }) => level === 'problem').map(({ text: line }) => line), text }
}

test('where everything fits there is no problem, and what no look can tell is said', async () => {
  const { problems, text } = await said(settings, pingone())
  expect(problems).toEqual([])
  expect(text).toContain('12 hours')
  expect(text).toContain('grant type Refresh Token')
  expect(text).toContain('PINGONE_EXTRA_SCOPES=offline_access')
})

test('what is wrong in the settings is named, all at once, and nobody is asked', async () => {
  const nobody = async () => Promise.reject(new Error('asked'))
  const { problems } = await said({ ...settings, PINGONE_ISSUER: '', API_IDENTIFIER: undefined }, nobody)
  expect(problems.join()).toMatch(/PINGONE_ISSUER.*API_IDENTIFIER is missing/)
})

test.for([
  ['another issuer', { document: { issuer: `${ISSUER}/` } }, 'another issuer'],
  ['no revocation', { document: { revocation_endpoint: undefined } }, 'revocation_endpoint is missing'],
  ['plain http', { document: { token_endpoint: 'http://auth.pingone.eu/token' } }, 'not https'],
  ['no S256', { document: { code_challenge_methods_supported: ['plain'] } }, 'S256 is not offered'],
  ['no refreshing', { document: { grant_types_supported: ['authorization_code'] } }, 'refresh_token is not'],
  ['no document', { document: { issuer: 7 } }, 'PINGONE_ISSUER'],
  ['no RSA key', { keys: [{ kty: 'EC', use: 'sig' }] }, 'no RS256 key'],
  ['a short key', { keys: [{ ...rsa, n: Buffer.alloc(128, 1).toString('base64url') }] }, 'no RS256 key'],
  ['keys for something else', { keys: [{ ...rsa, use: 'enc' }] }, 'no RS256 key'],
  ['a wrong secret', { token: () => refused('invalid_client', 401) }, 'MCP_SERVER_CLIENT_ID'],
  ['no refresh tokens', { token: () => refused('unauthorized_client') }, 'grant type Refresh Token'],
  [
    'an outage of the token endpoint',
    { token: () => new Response(null, { status: 503 }) },
    'try again later',
  ],
  ['nobody there', { down: true }, 'Is PINGONE_ISSUER right'],
] as const)('%s is a problem, with what to do', async ([, different, words]) => {
  const { problems } = await said(
    settings,
    pingone({ ...different, keys: 'keys' in different ? [...different.keys] : [rsa] }),
  )
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(words)
})

test('with offline_access asked for, the second cause is the other half of it', async () => {
  const { text } = await said({ ...settings, PINGONE_EXTRA_SCOPES: 'offline_access' }, pingone())
  expect(text).toContain('see that the application is granted it')
})

test('a deployment’s settings are lines or JSON, and nothing of this machine is added', () => {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'))
  try {
    const [lines, json] = [join(folder, 'lines.env'), join(folder, 'secrets.json')]
    writeFileSync(lines, 'PUBLIC_ORIGIN=https://mcp.example.com\nAPI_IDENTIFIER="a $b"\n')
    writeFileSync(json, JSON.stringify({ PUBLIC_ORIGIN: 'https://mcp.example.com', API_IDENTIFIER: 'a $b' }))
    const expected = { PUBLIC_ORIGIN: 'https://mcp.example.com', API_IDENTIFIER: 'a $b' }
    expect([readDeployment(lines), readDeployment(json)]).toEqual([expected, expected])
    expect(() => readDeployment(join(folder, 'not-there'))).toThrow('is not there')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
