import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { examine } from '../../../scripts/doctor/examine.ts'
import { checkAuditKey, checkAuditState } from '../../../scripts/doctor/check-audit.ts'
import { readDeployment } from '../../../scripts/doctor/read-settings.ts'
import { rootKey } from '#harness/root-key.ts'

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
const denial = (error: string, status = 400) =>
  Response.json({ error, error_description: 'STRANGE' }, { status })

/** An error redirect from PingOne to the application. */
const back = (query: URLSearchParams, error: string, description = 'STRANGE') => {
  const url = new URL(query.get('redirect_uri') ?? 'https://mcp.example.com/callback')
  url.search = new URLSearchParams({ error, error_description: description }).toString()
  return new Response(null, { status: 302, headers: { location: url.href } })
}
const needsUser = (query: URLSearchParams) => {
  expect(query.get('prompt')).toBe('none')
  return back(query, 'login_required')
}
const page = (status = 400) => new Response('STRANGE', { status })
const pushed = () => Response.json({ request_uri: 'urn:x', expires_in: 60 }, { status: 201 })

/** PingOne as far as the doctor calls it, with overrides. */
const pingone =
  (
    different: {
      document?: object
      keys?: object[]
      token?: () => Response
      down?: boolean
      authorize?: (query: URLSearchParams) => Response
      par?: () => Response
    } = {},
  ) =>
  async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const { pathname, searchParams } = new URL(new Request(input, init).url)
    if (pathname.endsWith('/authorize')) return (different.authorize ?? needsUser)(searchParams)
    if (pathname.endsWith('/par')) return (different.par ?? pushed)()
    if (different.down === true) throw new TypeError('fetch failed')
    if (pathname.endsWith('/jwks')) return Response.json({ keys: different.keys ?? [rsa] })
    if (pathname.endsWith('/token')) return (different.token ?? (() => denial('invalid_grant')))()
    return Response.json({ ...discovery, ...different.document })
  }

const examined = async (...input: Parameters<typeof examine>) => {
  const findings = await examine(...input)
  const text = findings.map(({ text: line }) => line).join('\n')
  expect(text).not.toContain('STRANGE')
  expect(text).not.toContain('the-secret')
  return { problems: findings.filter(({ level }) => level === 'problem').map(({ text: line }) => line), text }
}

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
  [
    'an outage of the token endpoint',
    { token: () => new Response(null, { status: 503 }) },
    'try again later',
  ],
  ['nobody there', { down: true }, 'Is PINGONE_ISSUER right'],
] as const)('%s is a problem, with what to do', async ([, different, words]) => {
  const { problems } = await examined(
    settings,
    pingone({ ...different, keys: 'keys' in different ? [...different.keys] : [rsa] }),
  )
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(words)
})

const CALLBACK = `${settings.PUBLIC_ORIGIN}/callback`
const asks = (scope: string) => (query: URLSearchParams) => query.get('scope')?.split(' ').includes(scope)

test.for<[string, Parameters<typeof pingone>[0], RegExp[]]>([
  [
    'a policy that does not exist, or is not assigned',
    { authorize: (query) => back(query, 'invalid_request', 'PolicyId not found (Correlation ID: 1)') },
    [/PINGONE_DV_POLICY_ID has to be the id of a policy that exists and is assigned/],
  ],
  [
    'the other text of the same',
    { authorize: (query) => back(query, 'login_required', 'FlowId not found') },
    [/PINGONE_DV_POLICY_ID/],
  ],
  [
    'no redirect URI',
    { authorize: () => page() },
    [/sends nobody back to https:\/\/mcp\.example\.com\/callback/, /nobody back to \S+\/signed-in/],
  ],
  [
    'a redirect URI alone, told by a page elsewhere',
    {
      authorize: (query) =>
        query.get('redirect_uri') === CALLBACK
          ? needsUser(query)
          : new Response(null, {
              status: 302,
              headers: { location: 'https://apps.pingone.eu/e?error=STRANGE' },
            }),
    },
    [/nobody back to \S+\/signed-in/],
  ],
  [
    'a scope that is not granted',
    { authorize: (query) => (asks('todo:write')(query) ? back(query, 'invalid_scope') : needsUser(query)) },
    [/does not grant the scope todo:write .* or correct API_SCOPE_WRITE/],
  ],
  [
    'scopes of two resources',
    {
      authorize: (query) =>
        asks('todo:write')(query) && asks('todo:read')(query)
          ? back(query, 'invalid_scope')
          : needsUser(query),
    },
    [/several resources/],
  ],
  ['no scope at all', { authorize: (query) => back(query, 'invalid_scope') }, [/todo:read/, /todo:write/]],
  ['no code', { authorize: (query) => back(query, 'unauthorized_client') }, [/Authorization Code on/]],
  ['no access', { authorize: (query) => back(query, 'access_denied') }, [/access control/]],
  [
    'another error',
    { authorize: (query) => back(query, 'invalid_request') },
    [/\(invalid_request\): most often PINGONE_DV_POLICY_ID is no flow policy/],
  ],
  ['a text instead of a code', { authorize: (query) => back(query, 'STRANGE: 1') }, [/\(not a code\)/]],
  ['an outage', { authorize: () => page(503) }, [/Try again later/]],
  [
    'an outage that it tells',
    { authorize: (query) => back(query, 'temporarily_unavailable') },
    [/Try again later/],
  ],
  [
    'a code without anyone',
    {
      authorize: (query) =>
        new Response(null, {
          status: 302,
          headers: { location: `${query.get('redirect_uri')}?code=STRANGE` },
        }),
    },
    [/although nobody signed in/],
  ],
])('a login that PingOne does not take: %s', async ([, different, patterns]) => {
  const { problems } = await examined(settings, pingone(different))
  expect(problems).toEqual(patterns.map((pattern) => expect.stringMatching(pattern)))
})

test('of two policies the second is asked for too, and named', async () => {
  const { problems } = await examined(
    { ...settings, PINGONE_DV_POLICY_ID: 'policy,older' },
    pingone({
      authorize: (query) =>
        query.get('acr_values') === 'older'
          ? back(query, 'server_error', 'PolicyId not found')
          : needsUser(query),
    }),
  )
  expect(problems).toEqual([expect.stringContaining('policy 2 in PINGONE_DV_POLICY_ID')])
})

test('with pushed requests PingOne judges what is pushed', async () => {
  const par = { pushed_authorization_request_endpoint: `${ISSUER}/par` }
  const input = { ...settings, PINGONE_PAR: 'on' }
  const flow = () => new Response(null, { status: 302, headers: { location: '/flow?id=1' } })
  const good = await examined(input, pingone({ document: par, authorize: flow }))
  expect(good.problems).toEqual([])
  const bad = () =>
    Response.json({ error: 'invalid_request', error_description: 'PolicyId not found' }, { status: 400 })
  const { problems } = await examined(input, pingone({ document: par, par: bad }))
  expect(problems).toEqual([expect.stringContaining('PINGONE_DV_POLICY_ID has to be')])
  // PingOne answers a pushed request with an unregistered redirect URI with an error, not with a page.
  const unclear = () => Response.json({ error: 'invalid_request' }, { status: 400 })
  const { problems: both } = await examined(input, pingone({ document: par, par: unclear }))
  expect(both).toEqual([
    expect.stringMatching(/\/callback is not a redirect URI .* or PINGONE_DV_POLICY_ID is no flow policy/),
    expect.stringContaining('/signed-in is not a redirect URI'),
  ])
})

test('that PingOne takes the request for the flow is not claimed where it does not', async () => {
  const { text: good } = await examined(settings, pingone())
  expect(good).toContain('PingOne accepts the request')
  for (const different of [
    { authorize: (query: URLSearchParams) => back(query, 'invalid_request', 'PolicyId not found') },
    { authorize: () => page(503) },
    { document: { issuer: `${ISSUER}/` } },
  ]) {
    const { text } = await examined(settings, pingone(different))
    expect(text).not.toContain('PingOne accepts the request')
    expect(text).toContain('not checked: whether the flow works')
  }
})

test('what no look can tell is said: the audience of tokens, and what the flow does', async () => {
  const { text } = await examined(settings, pingone())
  expect(text).toMatch(/not checked: API_IDENTIFIER\. It has to be the audience/)
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
      /^PINGONE_DV_POLICY is not a setting and does nothing: write PINGONE_DV_POLICY_ID$/,
    ),
    expect.stringMatching(/^api_url .* write API_URL$/),
    expect.stringMatching(/^CLIENT_ADMISION .* write CLIENT_ADMISSION$/),
    expect.stringMatching(/^SOMETHING_ELSE .* take it out/),
    expect.stringMatching(/^a name that is longer or has other signs /),
  ])
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

test('a missing key for the audit log is a warning: the server works', async () => {
  const { problems, text } = await examined(settings, pingone())
  expect(problems).toEqual([])
  expect(text).toContain('AUDIT_SIGNING_KEY is missing')
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

test('missing tables of the audit log and rejected events are found where the state can be read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'))
  try {
    expect(await checkAuditState(undefined)).toEqual([expect.objectContaining({ level: 'note' })])
    expect(await checkAuditState(folder)).toEqual([expect.objectContaining({ level: 'problem' })])
    const place = join(folder, 'data/mcp/v3/d1/miniflare-D1DatabaseObject')
    mkdirSync(place, { recursive: true })
    using database = new DatabaseSync(join(place, 'x.sqlite'))
    database.exec(readFileSync('migrations/0001_audit_log.sql', 'utf8'))
    expect((await checkAuditState(folder)).map(({ level }) => level)).toEqual(['ok'])
    database.exec("INSERT INTO rejected_events VALUES ('x', 'ann', 1, 2, 'why', '{}')")
    const findings = await checkAuditState(folder)
    expect(findings.map(({ level }) => level)).toEqual(['ok', 'warning'])
    expect(findings.at(-1)?.text).toContain('1 events did not fit')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
