import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkAuditKey } from '../../../scripts/doctor/check-audit.ts'
import { readDeployment } from '../../../scripts/doctor/read-settings.ts'
import { examine } from '../../../scripts/doctor/examine.ts'
import { lineOf } from '../../../scripts/doctor/finding.ts'
import { denial, examinedBy, ISSUER, page, pingone, rsa, settings } from '../../support/doctor.ts'

const examined = examinedBy(examine, lineOf)

test('where everything fits there is no problem, and what no look can tell is said', async () => {
  const { problems, text } = await examined(settings, pingone())
  expect(problems).toEqual([])
  expect(text).toContain('12 hours')
  expect(text).toContain('grant type Refresh Token')
  expect(text).toContain('PINGONE_EXTRA_SCOPES=offline_access')
})

test('what is wrong in the settings is named, all at once, and nobody is asked', async () => {
  const nobody = async () => Promise.reject(new Error('asked'))
  const { problems } = await examined({ ...settings, PINGONE_ISSUER: '', API_IDENTIFIER: undefined }, nobody)
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
  ['a wrong secret', { token: () => denial('invalid_client', 401) }, 'MCP_SERVER_CLIENT_ID'],
  ['no refresh tokens', { token: () => denial('unauthorized_client') }, 'grant type Refresh Token'],
  ['no revocations', { revoke: () => denial('unauthorized_client') }, 'tokens outlive the access of users'],
  ['a clock behind ours', { date: 'Fri, 01 Jan 2021 00:00:00 GMT' }, 'seconds behind this machine'],
  ['an API that fails', { api: () => page(502) }, 'answers 502'],
  [
    'an outage of the token endpoint',
    { token: () => new Response(null, { status: 503 }) },
    'try again later',
  ],
  ['nobody there', { down: true }, 'see that PINGONE_ISSUER is right'],
] as const)('%s is a problem, with what to do', async ([, different, words]) => {
  const { problems } = await examined(
    settings,
    pingone({ ...different, keys: 'keys' in different ? [...different.keys] : [rsa] }),
  )
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(words)
})

test('what no look can tell is said: the audience of tokens, and what the flow does', async () => {
  const { text } = await examined(settings, pingone())
  expect(text).toMatch(/audience: not checked: API_IDENTIFIER has to be the audience/)
  expect(text).toMatch(/not checked: whether the flow works/)
})

test('a name that is no setting is a problem, with the one that was meant', async () => {
  const { problems } = await examined(
    {
      ...settings,
      PINGONE_DV_POLICY: 'x',
      api_url: 'x',
      CLIENT_ADMISION: 'open',
      SOMETHING_ELSE: 'x',
      'STRANGE = 1': 'x',
      RUN_ID: 'x',
    },
    pingone(),
  )
  expect(problems).toEqual([
    expect.stringMatching(
      /^names of settings: PINGONE_DV_POLICY is not a setting and does nothing; write PINGONE_DV_POLICY_ID → /,
    ),
    expect.stringMatching(/: api_url .* write API_URL →/),
    expect.stringMatching(/: CLIENT_ADMISION .* write CLIENT_ADMISSION →/),
    expect.stringMatching(/: SOMETHING_ELSE .* take it out/),
    expect.stringMatching(/: a name that is longer or has other signs /),
  ])
})

test('a placeholder of the documentation is a problem, and its value is not shown', async () => {
  const { problems } = await examined(
    { ...settings, MCP_SERVER_CLIENT_ID: '<client id>', PINGONE_DV_POLICY_ID: '<flow policy id>' },
    pingone(),
  )
  expect(problems).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^PINGONE_DV_POLICY_ID: it is a placeholder .* write the real value →/),
      expect.stringMatching(/^MCP_SERVER_CLIENT_ID: it is a placeholder/),
    ]),
  )
})

test('with offline_access asked for, the second cause is the other half of it', async () => {
  const { text } = await examined({ ...settings, PINGONE_EXTRA_SCOPES: 'offline_access' }, pingone())
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

test('a missing key for the audit log is a note: the server works', async () => {
  const { problems, text } = await examined(settings, pingone())
  expect(problems).toEqual([])
  expect(text).toContain('note     AUDIT_SIGNING_KEY: it is missing')
  expect(checkAuditKey({ AUDIT_SIGNING_KEY: '{}' }).level).toBe('ok')
})

test('a receiver of webhooks is named by its host, without the secret', async () => {
  const WEBHOOK_SECRET = `whsec_${'A'.repeat(43)}=`
  const webhook = { WEBHOOK_URL: 'https://siem.example/hook', WEBHOOK_SECRET }
  const { problems, text } = await examined({ ...settings, ...webhook }, pingone())
  expect(problems).toEqual([])
  expect(text).toContain('security events and acts of operators go to siem.example')
  expect(text).not.toContain(WEBHOOK_SECRET)
})

test.for([
  ['refuses', 401, /^ok .*refuses a call without a token/],
  ['has another path for calls', 404, /^note .*whether it refuses a call without a token is not seen/],
  ['has an open page', 200, /^note .*answers 200 without a token/],
] as const)('an API that %s', async ([, status, pattern]) => {
  const { problems, text } = await examined(settings, pingone({ api: () => page(status) }))
  expect(problems).toEqual([])
  expect(text.split('\n').find((line) => line.includes(' API_URL: '))).toMatch(pattern)
})

test('groups of operators and PingOne without a Date header are notes', async () => {
  const { problems, text } = await examined(
    { ...settings, OPERATOR_GROUP: 'mcp-operators' },
    pingone({ date: '' }),
  )
  expect(problems).toEqual([])
  expect(text).toContain('note     groups of operators: not checked')
  expect(text).toContain('note     clock: not checked')
})
