import { expect, test } from 'vitest'
import { makeAuditJwk } from '#harness/make-private-jwk.ts'
import { requireGoodSettings } from '#harness/local/explain-settings.ts'
import { DEFAULT_PORTS, planLocal } from '#harness/local/plan.ts'
import { localWorkers } from '#harness/local/workers.ts'

const auditKey = JSON.stringify(makeAuditJwk('local'))
const keys = { rootKeys: 'local:key', clientSecret: 'made-here', privateKey: '{"kty":"RSA"}', auditKey }
const plan = (given: Record<string, string> = {}) => planLocal(given, DEFAULT_PORTS, keys)

test('with nothing set, everything runs here and the secrets are those made at the first start', () => {
  const { settings, workers } = plan()
  expect(workers).toEqual(['mcp', 'api', 'pingone'])
  expect(settings).toMatchObject({
    PUBLIC_ORIGIN: 'http://localhost:8787',
    PINGONE_ISSUER: 'http://localhost:8789/7f9a1f2e-0000-4000-8000-000000000001/as',
    MCP_SERVER_CLIENT_SECRET: 'made-here',
    ROOT_KEYS: 'local:key',
    AUDIT_SIGNING_KEY: auditKey,
    CLIENT_ADMISSION: 'open',
    OPERATOR_GROUP: 'mcp-operators',
    AUDITOR_GROUP: 'mcp-auditors',
    POLICY_EDITOR_GROUP: 'mcp-policy-editors',
  })
  expect(settings).not.toHaveProperty('API_URL')
  expect(plan({ OPERATOR_GROUP: '', AUDITOR_GROUP: 'mine' }).settings).toMatchObject({
    AUDITOR_GROUP: 'mine',
  })
  expect(plan({ OPERATOR_GROUP: '' }).settings).not.toHaveProperty('OPERATOR_GROUP')
})

test('a real PingOne replaces the emulator, and nothing is made up for it', () => {
  const given = {
    PINGONE_ISSUER: 'https://auth.pingone.example/env/as',
    PINGONE_DV_POLICY_ID: 'policy',
    MCP_SERVER_CLIENT_ID: 'client',
    MCP_SERVER_CLIENT_SECRET: 'theirs',
    API_IDENTIFIER: 'https://api.example',
  }
  const { settings, workers } = plan(given)
  expect(workers).toEqual(['mcp', 'api'])
  expect(settings).toMatchObject(given)
  expect(settings).not.toHaveProperty('OPERATOR_GROUP')
})

test('all that cannot work is named at once, in the order of the documentation, without values', () => {
  const given = {
    PINGONE_ISSUER: 'https://auth.pingone.example/env/as/',
    MCP_SERVER_CLIENT_ID: 'client',
    ACCESS_TOKEN_MINUTES: 'hunter2',
  }
  expect(() => requireGoodSettings(plan(given))).toThrow(
    [
      'These settings cannot work:',
      '  PINGONE_ISSUER must not end with a slash',
      '  PINGONE_DV_POLICY_ID is missing',
      '  MCP_SERVER_CLIENT_SECRET is missing',
      '  API_IDENTIFIER is missing',
      '  ROOT_KEYS must be kid:base64url(32 bytes), …',
      '  ACCESS_TOKEN_MINUTES must be a whole number from 1 to 1440',
      'PINGONE_ISSUER is set, so the PingOne emulator is not started.',
    ].join('\n'),
  )
})

test('an API of one’s own replaces the example', () => {
  expect(plan({ API_URL: 'http://localhost:3000' }).workers).toEqual(['mcp', 'pingone'])
})

test('the cookie key of older deployments is the only root key then', () => {
  expect(plan({ COOKIE_ENCRYPTION_KEY: 'k'.repeat(32) }).settings).not.toHaveProperty('ROOT_KEYS')
})

test('under another origin the server is shown that origin, and admits no client by itself', () => {
  const planned = plan({ PUBLIC_ORIGIN: 'https://tunnel.example' })
  expect(planned.settings).not.toHaveProperty('CLIENT_ADMISSION')
  const [mcp] = localWorkers(planned, DEFAULT_PORTS, 'run-1')
  expect(mcp?.shownAs).toBe('https://tunnel.example')
  const [local] = localWorkers(plan(), DEFAULT_PORTS, 'run-1')
  expect(local).not.toHaveProperty('shownAs')
})

test('the emulator and the API are told what the server is told', () => {
  const given = {
    PINGONE_CLIENT_AUTH: 'private_key_jwt',
    API_SCOPE_WRITE: 'todos.change',
    PINGONE_DV_POLICY_ID: 'one,two',
  }
  const [mcp, todoApi, pingone] = localWorkers(plan(given), DEFAULT_PORTS, 'run-1')
  expect(mcp?.variables).toMatchObject({ RUN_ID: 'run-1', MCP_SERVER_PRIVATE_KEY: keys.privateKey })
  expect(mcp?.variables).not.toHaveProperty('MCP_SERVER_CLIENT_SECRET')
  expect(todoApi?.variables).toMatchObject({ RUN_ID: 'run-1', API_SCOPE_WRITE: 'todos.change' })
  expect(pingone?.variables).toMatchObject({
    EMULATOR_CLIENT_AUTH: 'private_key_jwt',
    EMULATOR_CLIENT_JWKS_URI: 'http://localhost:8787/.well-known/jwks.json',
    EMULATOR_API_SCOPES: 'todo:read todos.change',
    EMULATOR_POLICY_IDS: 'one,two',
    EMULATOR_REDIRECT_URIS: 'http://localhost:8787/callback,http://localhost:8787/signed-in',
  })
})
