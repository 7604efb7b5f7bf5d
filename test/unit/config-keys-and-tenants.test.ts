import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { loadConfig } from '#config.ts'
import { todos } from '#todos/index.ts'
import { rootKey } from '#harness/root-key.ts'

const ENVIRONMENT = '0c24f3a0-0522-4f76-9bcf-89643029e3e0'
const ANOTHER = '1c24f3a0-0522-4f76-9bcf-89643029e3e0'
const good = {
  PUBLIC_ORIGIN: 'https://mcp.example.com',
  PINGONE_ISSUER: `https://auth.pingone.eu/${ENVIRONMENT}/as`,
  PINGONE_DV_POLICY_ID: 'policy',
  MCP_SERVER_CLIENT_ID: 'client',
  MCP_SERVER_CLIENT_SECRET: 'the-secret-of-this-server',
  API_IDENTIFIER: 'https://todo.api.example',
  API: {},
  ROOT_KEYS: `${rootKey('b')},${rootKey('a')}`,
}

const load = (settings: Record<string, unknown>) => {
  const config = loadConfig({ ...good, ...settings }, todos)
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
  ['RETIRED_ROOT_KEYS', rootKey('z'), 'a key instead of its id'],
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
  const cookie = { COOKIE_ENCRYPTION_KEY: '3f9c1e07b85d42a6907e64c8d21ab35f' }
  const ids = (settings: Record<string, unknown>) => {
    const config = load({ ...cookie, ...settings })
    return 'rootKeys' in config ? config.rootKeys.map(({ id }) => id) : config
  }
  expect(ids({})).toEqual(['b', 'a', 'cookie'])
  expect(ids({ ROOT_KEYS: undefined })).toEqual(['cookie'])
  expect(ids({ ROOT_KEYS: rootKey('cookie') })).toEqual({ problems: ['ROOT_KEYS'] })
  expect(ids({ RETIRED_ROOT_KEYS: 'cookie' })).toEqual({ problems: ['RETIRED_ROOT_KEYS'] })
})

const encoded = (bytes: readonly number[] | string): string => Buffer.from(bytes).toString('base64url')
const root = (text: string) => ({ ROOT_KEYS: `k1:${text}` })
const typed = (text: string) => ({ ROOT_KEYS: undefined, COOKIE_ENCRYPTION_KEY: text })
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_'

/** Classes of weak keys that users type. */
const weak = {
  'one character repeated': fc
    .constantFrom(...Array.from(ALPHABET))
    .map((letter) => [
      root(letter.repeat(42) + 'A'),
      typed(letter.repeat(40)),
      root(encoded(letter.repeat(32))),
    ]),
  'one byte repeated': fc.nat(255).map((byte) => [root(encoded(Array.from({ length: 32 }, () => byte)))]),
  'a piece repeated': fc
    .stringMatching(/^[A-Za-z0-9_-]{2,16}$/)
    .map((piece) => piece.repeat(22))
    .map((text) => [
      root(`${text.slice(0, 42)}A`),
      typed(text.slice(0, 40)),
      root(encoded(text.slice(0, 32))),
    ]),
  'bytes in steps of one size': fc
    .tuple(fc.nat(255), fc.integer({ min: 1, max: 7 }))
    .map(([from, step]) => [root(encoded(Array.from({ length: 32 }, (_, at) => (from + at * step) % 256)))]),
  'the alphabet from anywhere': fc
    .nat(20)
    .map((from) => ALPHABET.repeat(2).slice(from, from + 43))
    .map((text) => [root(`${text.slice(0, 42)}A`), typed(text), root(encoded(text.slice(0, 32)))]),
  'a few characters': fc
    .array(fc.constantFrom('a', 'b', '1', '7', 'z'), { minLength: 42, maxLength: 42 })
    .map((all) => all.join(''))
    .map((text) => [root(`${text}A`), typed(text), root(encoded(text.slice(0, 32)))]),
  'zeros, and a few that are not': fc
    .array(fc.nat(255), { minLength: 1, maxLength: 8 })
    .map((tail) => [root(encoded([...Array.from({ length: 32 - tail.length }, () => 0), ...tail]))]),
  'letters of one case': fc
    .tuple(fc.stringMatching(/^[a-z0-9_-]{42}$/), fc.boolean())
    .map(([text, isLarge]) => [root(isLarge ? `${text.toUpperCase()}A` : `${text}0`)]),
  'a phrase': fc
    .tuple(
      fc.array(fc.constantFrom('my', 'very', 'own', 'company', 'key', 'prod', 'correct', 'horse', 'Blue'), {
        minLength: 12,
        maxLength: 12,
      }),
      fc.constantFrom(' ', '-', '_', '. '),
    )
    .map(([all, between]) => all.join(between))
    .filter((text) => text.includes(' ') || text === text.toLowerCase())
    .map((text) => [typed(`${text} 1`.slice(0, 40)), root(encoded(text.slice(0, 32)))]),
  'a word that asks to be replaced': fc
    .tuple(
      fc.constantFrom(
        'change-me',
        'ChangeMe',
        'change_this',
        'REPLACE-ME',
        'your-key-here',
        'password',
        'do-not-use',
      ),
      fc.stringMatching(/^[A-Za-z0-9]{24}$/),
      fc.boolean(),
    )
    .map(([word, rest, isFirst]) => (isFirst ? word + rest : rest + word))
    .map((text) => [typed(`${text}0123`.slice(0, 40)), root(encoded(text.slice(0, 32).padEnd(32, 'x')))]),
} satisfies Record<string, fc.Arbitrary<Record<string, unknown>[]>>

test.each(Object.entries(weak))(
  'a key that is %s is refused on a public origin, without its value',
  (_, keys) => {
    fc.assert(
      fc.property(keys, (settings) => {
        for (const one of settings) {
          const config = loadConfig({ ...good, ...one }, todos)
          if (config.ok) throw new Error(`taken: ${JSON.stringify(one)}`)
          const [problem, ...more] = config.error.problems
          expect(more).toEqual([])
          expect(['ROOT_KEYS', 'COOKIE_ENCRYPTION_KEY']).toContain(problem?.name)
          expect(problem?.problem).toMatch(
            /not drawn at random \((?:k1|cookie)\): npm run keys -- --root makes one$/,
          )
          const values = Object.values(one).filter((value) => typeof value === 'string')
          for (const value of values) expect(problem?.problem).not.toContain(value.split(':').at(-1))
          const local = {
            PUBLIC_ORIGIN: 'http://localhost:8787',
            PINGONE_ISSUER: 'https://auth.pingone.eu/x/as',
          }
          expect(loadConfig({ ...good, ...one, ...local }, todos).ok).toBe(true)
        }
      }),
    )
  },
)

test('one key under two names is refused, however it is written', () => {
  const text = '3f9c1e07b85d42a6907e64c8d21ab35f'
  const key = rootKey('k1').slice(3)
  // The last base64url character of 32 bytes has two unused bits.
  const sameBytes = key.slice(0, -1) + (ALPHABET_64[ALPHABET_64.indexOf(key.at(-1) ?? '') ^ 1] ?? '')
  for (const settings of [
    { ROOT_KEYS: `k1:${key},k2:${key}` },
    { ROOT_KEYS: `k1:${key},k2:${sameBytes}` },
    { ROOT_KEYS: `k1:${key}`, COOKIE_ENCRYPTION_KEY: key },
    { ROOT_KEYS: `k1:${encoded(text)}`, COOKIE_ENCRYPTION_KEY: text },
    { ROOT_KEYS: `k1:${key}`, MCP_SERVER_CLIENT_SECRET: key },
    { ROOT_KEYS: undefined, COOKIE_ENCRYPTION_KEY: text, MCP_SERVER_CLIENT_SECRET: text },
  ]) {
    const config = loadConfig({ ...good, ...settings }, todos)
    expect(config.ok || config.error.problems.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/is another key or the secret at PingOne too/),
    ])
  }
})

const ALPHABET_64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

test('keys that were drawn are taken, in every form that users have them', () => {
  for (let at = 0; at < 2000; at += 1) {
    const bytes = Buffer.from(rootKey(`k${at}`).split(':')[1] ?? '', 'base64url')
    for (const settings of [
      root(bytes.toString('base64url')),
      typed(bytes.toString('hex')),
      typed(bytes.toString('hex').slice(0, 32)),
      typed(bytes.toString('hex').toUpperCase()),
      typed(bytes.toString('base64url')),
      typed(
        [0, 8, 12, 16, 20]
          .map((from, at) => bytes.toString('hex').slice(from, [8, 12, 16, 20, 32][at]))
          .join('-'),
      ),
      root(encoded(bytes.toString('hex').slice(0, 32))),
      root(encoded(bytes.toString('base64').slice(0, 32))),
      typed(bytes.toString('base64')),
    ])
      expect([settings, loadConfig({ ...good, ...settings }, todos).ok]).toEqual([settings, true])
  }
})
