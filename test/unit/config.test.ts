import { expect, test } from 'vitest'
import { z } from 'zod'
import { SETTING_NAMES } from '#harness/local/settings.ts'
import { loadConfig, requireConfig } from '#config.ts'
import { todos } from '#todos/index.ts'
import { rolesOf } from '#lib/roles.ts'
import { describedSettings, SET_BY_SCRIPTS } from '#settings.ts'
import { makeAuditJwk, makePrivateJwk, privatePartsOf } from '#harness/make-private-jwk.ts'
import { rootKey } from '#harness/root-key.ts'

const good = {
  PUBLIC_ORIGIN: 'https://mcp.example.com',
  PINGONE_ISSUER: 'https://auth.pingone.eu/0c24f3a0-0522-4f76-9bcf-89643029e3e0/as',
  PINGONE_DV_POLICY_ID: '8b560eda9614e47d163c8bb92750ac3b, 11111111111111111111111111111111',
  MCP_SERVER_CLIENT_ID: 'client',
  MCP_SERVER_CLIENT_SECRET: 'the-secret-of-this-server',
  API_IDENTIFIER: 'https://todo.api.example',
  API: {},
  ROOT_KEYS: `${rootKey('b')},${rootKey('a')}`,
}

const problemsOf = (settings: Record<string, unknown>) => {
  const config = loadConfig(settings, todos)
  return config.ok ? [] : config.error.problems
}

const configWith = (more: Record<string, unknown>) => requireConfig({ ...good, ...more }, todos)

test('good settings become values, with the defaults that the documentation names', () => {
  const config = loadConfig(good, todos)
  expect(config.ok && config.value).toMatchObject({
    publicOrigin: 'https://mcp.example.com',
    resource: 'https://mcp.example.com/mcp',
    isLocal: false,
    pingone: {
      policyIds: ['8b560eda9614e47d163c8bb92750ac3b', '11111111111111111111111111111111'],
      clientAuth: { method: 'client_secret_basic' },
      sendResource: false,
      extraScopes: [],
    },
    app: 'todos',
    api: { url: null, scopes: [{ upstream: 'todo:read' }, { upstream: 'todo:write' }] },
    admission: { mode: 'known', clients: [], redirectHosts: [] },
    life: { accessTokenSeconds: 3600, grantIdleSeconds: 30 * 86_400, grantMaxSeconds: 90 * 86_400 },
  })
  expect(config.ok && config.value.rootKeys.map(({ id }) => id)).toEqual(['b', 'a'])
})

test('every setting that is missing is named at once', () => {
  const names = problemsOf({ PUBLIC_ORIGIN: good.PUBLIC_ORIGIN, ROOT_KEYS: good.ROOT_KEYS, API: {} }).map(
    ({ name }) => name,
  )
  expect(names).toEqual([
    'PINGONE_ISSUER',
    'PINGONE_DV_POLICY_ID',
    'MCP_SERVER_CLIENT_ID',
    'API_IDENTIFIER',
    'MCP_SERVER_CLIENT_SECRET',
  ])
})

test.for([
  ['API_IDENTIFIER', '', 'must not be empty, nor begin or end with a blank'],
  ['API_IDENTIFIER', ' https://todo.api.example', 'must not be empty, nor begin or end with a blank'],
  ['MCP_SERVER_CLIENT_SECRET', 'the-secret\n', 'must not be empty, nor begin or end with a blank'],
  ['API_SCOPE_WRITE', 'todo:read todo:write', 'must be one scope, without blanks or quotes'],
  ['API_SCOPE_READ', '', 'must be one scope, without blanks or quotes'],
  ['PROFILE', 'readonly', 'must be one of full, read-only'],
  ['FIRST_SCOPES', 'ALL', 'must be one of required, all'],
  ['REQUESTS_PER_MINUTE', 'many', 'must be a whole number from 1 to 1000000'],
  ['MAX_AUTH_AGE_HOURS', '0', 'must be a whole number from 1 to 8760'],
])('%s=%j is refused in words that say what it must be', ([name = '', value, rule]) => {
  expect(problemsOf({ ...good, [name]: value })).toEqual([{ name, problem: rule }])
})

const privateKey = makePrivateJwk('a')
const { MCP_SERVER_CLIENT_SECRET, ...withoutSecret } = good
const withKey = {
  ...withoutSecret,
  PINGONE_CLIENT_AUTH: 'private_key_jwt',
  MCP_SERVER_PRIVATE_KEY: JSON.stringify(privateKey),
}

test('the key that signs the audit log is optional, and printing it shows no private part', () => {
  expect(loadConfig(good, todos)).toMatchObject({ ok: true, value: { audit: { signingKey: null } } })
  const jwk = makeAuditJwk('audit-1')
  const config = loadConfig({ ...good, AUDIT_SIGNING_KEY: JSON.stringify(jwk) }, todos)
  expect(config).toMatchObject({ ok: true, value: { audit: { signingKey: { kid: 'audit-1' } } } })
  expect(JSON.stringify(config)).not.toContain(jwk.d)
})

test.each([
  ['no JSON', 'hunter2', 'no object'],
  ['no kid', JSON.stringify({ ...makeAuditJwk('a'), kid: undefined }), 'kid'],
  ['no private part', JSON.stringify({ ...makeAuditJwk('a'), d: undefined }), 'd'],
  ['an RSA key', JSON.stringify(makePrivateJwk('a')), 'kty, crv, x, d'],
])('an audit key with %s is refused, and its value is not repeated', (_what, value, wrong) => {
  const problem = `must be a private JWK of Ed25519 with a kid (wrong: ${wrong})`
  expect(problemsOf({ ...good, AUDIT_SIGNING_KEY: value })).toEqual([{ name: 'AUDIT_SIGNING_KEY', problem }])
})

test('private_key_jwt needs a key and no secret, and printing it shows no private part', () => {
  const config = loadConfig(withKey, todos)
  expect(config.ok && config.value.pingone.clientAuth).toMatchObject({
    method: 'private_key_jwt',
    keys: { published: [{ kid: 'a' }] },
  })
  for (const part of privatePartsOf(privateKey)) expect(JSON.stringify(config)).not.toContain(part)
})

test.each([
  ['a secret beside a key', { ...withKey, MCP_SERVER_CLIENT_SECRET }, ['MCP_SERVER_CLIENT_SECRET']],
  [
    'a key beside a secret',
    { ...good, MCP_SERVER_PRIVATE_KEY: withKey.MCP_SERVER_PRIVATE_KEY },
    ['MCP_SERVER_PRIVATE_KEY'],
  ],
  [
    'no key where one is needed',
    { ...withKey, MCP_SERVER_PRIVATE_KEY: undefined },
    ['MCP_SERVER_PRIVATE_KEY'],
  ],
  ['no secret where one is needed', withoutSecret, ['MCP_SERVER_CLIENT_SECRET']],
  [
    'the wrong one of the two',
    { ...withKey, PINGONE_CLIENT_AUTH: 'client_secret_post' },
    ['MCP_SERVER_CLIENT_SECRET', 'MCP_SERVER_PRIVATE_KEY'],
  ],
  [
    'a key that is none, among others',
    { ...withKey, MCP_SERVER_PRIVATE_KEY: '{"kid":"hunter2"}', PINGONE_PAR: 'hunter2', ROOT_KEYS: 'hunter2' },
    ['MCP_SERVER_PRIVATE_KEY', 'PINGONE_PAR', 'ROOT_KEYS'],
  ],
])('%s is named, with all the rest and without values', (_what, settings, names) => {
  const problems = problemsOf(settings)
  expect(problems.map(({ name }) => name).toSorted()).toEqual(names)
  expect(JSON.stringify(problems)).not.toMatch(
    new RegExp(`hunter2|${MCP_SERVER_CLIENT_SECRET}|${privateKey.d}`),
  )
})

test.each([
  ['PUBLIC_ORIGIN', 'https://mcp.example.com/'],
  ['PUBLIC_ORIGIN', 'HTTPS://mcp.example.com'],
  ['PUBLIC_ORIGIN', 'http://mcp.example.com'],
  ['PUBLIC_ORIGIN', 'mcp.example.com'],
  ['PINGONE_ISSUER', 'https://auth.pingone.eu/x/as/'],
  ['PINGONE_ISSUER', 'http://auth.pingone.eu/x/as'],
  ['PINGONE_ISSUER', 'https://user:pw@auth.pingone.eu/x/as'],
  ['PINGONE_ISSUER', 'http://localhost:8789/x/as'],
  ['PINGONE_DV_POLICY_ID', ' , '],
  ['PINGONE_CLIENT_AUTH', 'none'],
  ['PINGONE_SEND_RESOURCE', 'yes please'],
  ['API_URL', 'http://todo.example.com'],
  ['API_URL', 'https://todo.example.com/?a=b'],
  ['ROOT_KEYS', 'a:short'],
  ['ROOT_KEYS', `${rootKey('a')},${rootKey('a')}`],
  ['CLIENT_ADMISSION', 'everyone'],
  ['CLIENT_ADMISSION', 'listed'],
  ['ALLOWED_CLIENTS', 'https://app.example.com'],
  ['ALLOWED_CLIENTS', 'https://APP.example.com/client.json'],
  ['ALLOWED_CLIENTS', 'http://app.example.com/client.json'],
  ['ALLOWED_CLIENTS', 'https://user@app.example.com/client.json'],
  ['ALLOWED_CLIENTS', 'https://app.example.com/*, a:b'],
  ['ALLOWED_REDIRECT_HOSTS', 'https://app.example.com'],
  ['ALLOWED_REDIRECT_HOSTS', '*.example.com'],
  ['ALLOWED_REDIRECT_HOSTS', 'App.example.com'],
  ['ALLOWED_REDIRECT_HOSTS', 'app.example.com/callback'],
  ['ALLOWED_REDIRECT_HOSTS', 'app.example.com:443'],
  ['ACCESS_TOKEN_MINUTES', '0'],
  ['GRANT_IDLE_DAYS', 'many'],
])('%s = %j is refused by name, and the value is not repeated', (name, value) => {
  const problems = problemsOf({ ...good, [name]: value })
  expect(problems.map((problem) => problem.name)).toEqual([name])
  const repeated = problems.filter(({ problem }) => value.length > 3 && problem.includes(value))
  expect(repeated).toEqual([])
})

test('lists of admitted clients and hosts are read as they stand', () => {
  const config = loadConfig(
    {
      ...good,
      CLIENT_ADMISSION: 'listed',
      ALLOWED_CLIENTS: 'https://app.example.com/client.json AbCdEfGhIjKlMn_-',
      ALLOWED_REDIRECT_HOSTS: 'app.example.com, dev.example.com:8443,localhost,[::1]',
    },
    todos,
  )
  expect(config.ok && config.value.admission).toEqual({
    mode: 'listed',
    clients: ['https://app.example.com/client.json', 'AbCdEfGhIjKlMn_-'],
    redirectHosts: ['app.example.com', 'dev.example.com:8443', 'localhost', '[::1]'],
  })
})

test('plain http to PingOne needs a server that is on this machine too', () => {
  const local = {
    ...good,
    PUBLIC_ORIGIN: 'http://localhost:8787',
    PINGONE_ISSUER: 'http://localhost:8789/x/as',
  }
  expect(problemsOf(local)).toEqual([])
})

test('the cookie key of the copied sample is accepted as the only root key', () => {
  const { ROOT_KEYS: _, ...rest } = good
  const config = loadConfig({ ...rest, COOKIE_ENCRYPTION_KEY: '3f9c1e07b85d42a6907e64c8d21ab35f' }, todos)
  expect(config.ok && config.value.rootKeys.map(({ id }) => id)).toEqual(['cookie'])
})

test('printing a configuration shows no secret', () => {
  const config = loadConfig(good, todos)
  const auth = config.ok ? config.value.pingone.clientAuth : undefined
  const printed = `${JSON.stringify(config)}${String(auth !== undefined && 'secret' in auth && auth.secret)}`
  expect(printed).not.toContain('the-secret-of-this-server')
  expect(printed).not.toContain(rootKey('a').slice(2))
})

test('nothing set at all is told apart from a mistake', () => {
  const nothing = loadConfig({ OAUTH_KV: {} }, todos)
  const mistake = loadConfig({ PUBLIC_ORIGIN: 'x' }, todos)
  expect(!nothing.ok && nothing.error.isEmpty).toBe(true)
  expect(!mistake.ok && mistake.error.isEmpty).toBe(false)
})

test('what is wrong in itself and what does not fit together are told at once, without values', () => {
  const problems = problemsOf({
    ...good,
    PINGONE_ISSUER: 'http://127.0.0.1:8789/x/as',
    ROOT_KEYS: 'hunter2',
    CLIENT_ADMISSION: 'listed',
    ACCESS_TOKEN_MINUTES: 'hunter2',
    PINGONE_CLIENT_AUTH: 'hunter2',
  })
  expect(problems.map(({ name }) => name).toSorted()).toEqual([
    'ACCESS_TOKEN_MINUTES',
    'CLIENT_ADMISSION',
    'PINGONE_CLIENT_AUTH',
    'PINGONE_ISSUER',
    'ROOT_KEYS',
  ])
  expect(JSON.stringify(problems)).not.toContain('hunter2')
})

test('the claims that policy reads are names, at most ten, and each once', () => {
  const claims = (POLICY_CLAIMS: string) => configWith({ POLICY_CLAIMS }).pingone.claims
  expect(claims('')).toEqual({ groups: 'groups', policy: [] })
  expect(claims('department, https://example.com/level').policy).toEqual([
    'department',
    'https://example.com/level',
  ])
  const ten = Array.from({ length: 10 }, (_, at) => `c${at}`)
  expect(claims(ten.join(',')).policy).toEqual(ten)
  for (const POLICY_CLAIMS of [[...ten, 'more'].join(','), 'a,a', '1st', 'a"b', '__proto__', 'x'.repeat(65)])
    expect(problemsOf({ ...good, POLICY_CLAIMS })).toMatchObject([{ name: 'POLICY_CLAIMS' }])
})

test('every setting is described', () => {
  const described = describedSettings(todos).map(({ name }) => name)
  expect(described.toSorted()).toEqual([...SETTING_NAMES, ...SET_BY_SCRIPTS].toSorted())
})

test('a commit in hex is known, and anything else is unknown and refuses nothing', () => {
  const commit = '4b70b20aa1c4d0d5b1f0c7d4a4f7d1b1a1e2c3d4'
  expect([configWith({ COMMIT: commit }).commit, configWith({}).commit]).toEqual([commit, null])
  for (const COMMIT of ['', 'main', '<b>4b70b20</b>', 'a'.repeat(65)])
    expect([COMMIT, configWith({ COMMIT }).commit]).toEqual([COMMIT, null])
  const first = loadConfig({ COMMIT: commit }, todos)
  expect(first).toMatchObject({ ok: false, error: { isEmpty: true } })
})

test('a deployment names no users, and malformed ones are nobody', () => {
  const LOCAL_USERS = JSON.stringify({
    users: [{ username: 'x', note: 'y' }],
    password: 'z',
    page: 'http://localhost:8789/',
  })
  expect(configWith({ LOCAL_USERS }).localUsers).toBeNull()
  const local = { PUBLIC_ORIGIN: 'http://localhost:8787' }
  expect(configWith({ ...local, LOCAL_USERS }).localUsers).toMatchObject({ users: [{ username: 'x' }] })
  for (const bad of ['', '{', '{}', '{"users":[]}'])
    expect([bad, configWith({ ...local, LOCAL_USERS: bad }).localUsers]).toEqual([bad, null])
})

test('contacts are mail addresses and https pages, in their order', () => {
  const contacts = ['mailto:security@example.com', 'https://example.com/report?from=mcp']
  expect(configWith({ SECURITY_CONTACT: contacts.join(', ') }).securityContacts).toEqual(contacts)
  for (const bad of [
    'security@example.com',
    'mailto:a@b.example\nContact:x',
    'http://example.com',
    'https://a:b@c.example',
    'tel:+1-201-555-0123',
  ])
    expect([bad, problemsOf({ ...good, SECURITY_CONTACT: bad }).map(({ name }) => name)]).toEqual([
      bad,
      ['SECURITY_CONTACT'],
    ])
})

test('no group is nobody, and an operator may also look', () => {
  expect(configWith({}).operators).toBeNull()
  const { operators } = configWith({ OPERATOR_GROUP: 'ops', AUDITOR_GROUP: 'audit' })
  const groups = { viewer: null, operator: 'ops', auditor: 'audit', 'policy-editor': null }
  expect(operators).toEqual(groups)
  expect(rolesOf(['ops'], groups)).toEqual(['viewer', 'operator'])
  expect(rolesOf(['audit', 'ops'], groups)).toEqual(['viewer', 'operator', 'auditor'])
  const editors = { ...groups, 'policy-editor': 'edit' }
  expect(configWith({ POLICY_EDITOR_GROUP: 'edit' }).operators).toEqual({
    ...editors,
    operator: null,
    auditor: null,
  })
  expect(rolesOf(['edit'], editors)).toEqual(['viewer', 'policy-editor'])
  expect(rolesOf(['OPS', 'ops ', ''], groups)).toEqual([])
})

test('a webhook needs a secret', () => {
  expect(problemsOf({ ...good, WEBHOOK_URL: 'https://siem.example/hook' })).toEqual([
    { name: 'WEBHOOK_SECRET', problem: 'is missing: WEBHOOK_URL needs it' },
  ])
})

test('an API at a URL needs no binding, a bound one no URL, and one of them is needed', () => {
  const { API, ...without } = good
  expect(problemsOf(without)).toEqual([
    { name: 'API_URL', problem: 'is missing, and no Worker is bound as API' },
  ])
  expect(problemsOf({ ...without, API })).toEqual([])
  expect(problemsOf({ ...without, API_URL: 'https://api.example' })).toEqual([])
})

test('pages get the name and the links of the product, and how long PingOne keeps a session if it is set', () => {
  const links = { support: 'https://example.com/help' }
  const config = loadConfig({ ...good, PINGONE_SESSION_HOURS: '12' }, { ...todos, links })
  expect(config.ok && config.value.brand).toEqual({ productName: 'Todos', links })
  expect(config.ok && config.value.pingone.sessionIdleSeconds).toBe(12 * 3600)
  const unset = loadConfig(good, todos)
  expect(unset.ok && [unset.value.brand.links, unset.value.pingone.sessionIdleSeconds]).toEqual([{}, null])
  expect(problemsOf({ ...good, PINGONE_SESSION_HOURS: '0' })).toHaveLength(1)
})

test('the settings of a product are read with all others', () => {
  const product = { ...todos, settings: z.object({ NOTES_FOLDER: z.string() }) }
  const config = loadConfig(good, product)
  expect(!config.ok && config.error.problems).toEqual([{ name: 'NOTES_FOLDER', problem: 'is missing' }])
  expect(loadConfig({ ...good, NOTES_FOLDER: 'x' }, product).ok).toBe(true)
  expect(describedSettings(product).map(({ name }) => name)).toContain('NOTES_FOLDER')
})
