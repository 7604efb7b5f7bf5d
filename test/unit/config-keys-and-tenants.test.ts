import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'

const key = (id: string) => `${id}:${'A'.repeat(43)}`
const ENVIRONMENT = '0c24f3a0-0522-4f76-9bcf-89643029e3e0'
const ANOTHER = '1c24f3a0-0522-4f76-9bcf-89643029e3e0'
const good = {
  PUBLIC_ORIGIN: 'https://mcp.example.com',
  PINGONE_ISSUER: `https://auth.pingone.eu/${ENVIRONMENT}/as`,
  PINGONE_DV_POLICY_ID: 'policy',
  MCP_SERVER_CLIENT_ID: 'client',
  MCP_SERVER_CLIENT_SECRET: 'the-secret-of-this-server',
  API_IDENTIFIER: 'https://todo.api.example',
  ROOT_KEYS: `${key('b')},${key('a')}`,
}

const load = (settings: Record<string, unknown>) => {
  const config = loadConfig({ ...good, ...settings })
  return config.ok ? config.value : { problems: config.error.problems.map(({ name }) => name) }
}

test('without a word, the only environment is that of the issuer, and nothing is retired or read-only', () => {
  expect(load({})).toMatchObject({
    pingone: {
      environments: { ofIssuer: ENVIRONMENT, accepted: [ENVIRONMENT] },
      maxAuthAgeSeconds: null,
    },
    retiredRootKeys: [],
    isReadOnly: false,
  })
})

test('an issuer of an environment that is not allowed is a settings problem', () => {
  expect(load({ ALLOWED_ENVIRONMENTS: ANOTHER })).toEqual({ problems: ['PINGONE_ISSUER'] })
  expect(load({ ALLOWED_ENVIRONMENTS: `${ANOTHER}, ${ENVIRONMENT}` })).toMatchObject({
    pingone: { environments: { accepted: [ENVIRONMENT] } },
  })
  expect(load({ ALLOWED_ENVIRONMENTS: 'production' })).toMatchObject({
    problems: expect.arrayContaining(['ALLOWED_ENVIRONMENTS']),
  })
})

test('on a custom domain, which names no environment, the tokens have to', () => {
  const custom = { PINGONE_ISSUER: 'https://login.example.com/as' }
  expect(load(custom)).toMatchObject({ pingone: { environments: { ofIssuer: null, accepted: [] } } })
  expect(load({ ...custom, ALLOWED_ENVIRONMENTS: ENVIRONMENT })).toMatchObject({
    pingone: { environments: { ofIssuer: null, accepted: [ENVIRONMENT] } },
  })
})

test.each([
  ['RETIRED_ROOT_KEYS', 'a', 'a key that is still in use'],
  ['RETIRED_ROOT_KEYS', key('z'), 'a key instead of its id'],
  ['PROFILE', 'readonly', 'no profile'],
  ['MAX_AUTH_AGE_HOURS', '0', 'no time'],
  ['MAX_AUTH_AGE_HOURS', '1.5', 'no whole hours'],
])('%s = %j is refused: %s', (name, value) => {
  expect(load({ [name]: value })).toEqual({ problems: [name] })
})

test('values become what they mean', () => {
  expect(load({ RETIRED_ROOT_KEYS: 'y, z', PROFILE: 'read-only', MAX_AUTH_AGE_HOURS: '8' })).toMatchObject({
    retiredRootKeys: ['y', 'z'],
    isReadOnly: true,
    pingone: { maxAuthAgeSeconds: 28_800 },
  })
})

test('the cookie key of the copied sample can be left as any other: it is the oldest', () => {
  const cookie = { COOKIE_ENCRYPTION_KEY: 'k'.repeat(32) }
  const ids = (settings: Record<string, unknown>) => {
    const config = load({ ...cookie, ...settings })
    return 'rootKeys' in config ? config.rootKeys.map(({ id }) => id) : config
  }
  expect(ids({})).toEqual(['b', 'a', 'cookie'])
  expect(ids({ ROOT_KEYS: undefined })).toEqual(['cookie'])
  expect(ids({ ROOT_KEYS: key('cookie') })).toEqual({ problems: ['ROOT_KEYS'] })
  expect(ids({ RETIRED_ROOT_KEYS: 'cookie' })).toEqual({ problems: ['RETIRED_ROOT_KEYS'] })
})
