import * as fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { log, takeOverConsole } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'

afterEach(() => vi.restoreAllMocks())

const lineOf = (value: unknown): string => {
  const logged = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  log.warn('something.happened', { value })
  return String(logged.mock.lastCall?.[0])
}

test.each([
  ['a\nb', String.raw`a\nb`],
  ['"}\r\n{"level":"error"', String.raw`\"}\r\n{\"level\":\"error\"`],
  ['\u001b[2J\u009b2J', String.raw`\u001b[2J\u009b2J`],
  ['a\u202eb\u2028c\u{e0041}', String.raw`a\u202eb\u2028c\udb40\udc41`],
  ['ü 😀', 'ü 😀'],
])('%j stays inside its line, and what is not seen is written out', (value, written) => {
  const line = lineOf(value)
  expect(line).toBe(`{"level":"warn","event":"something.happened","value":"${written}"}`)
  expect(JSON.parse(line)).toMatchObject({ value })
})

test('a value is bounded, in whatever it is', () => {
  expect(lineOf('x'.repeat(100_000)).length).toBeLessThan(2_100)
  expect(lineOf({ deep: ['x'.repeat(100_000)] }).length).toBeLessThan(2_100)
})

const word = (characters: number) =>
  fc.stringMatching(new RegExp(`^[A-Za-z0-9_-]{${characters}}$`)).filter(isMixed)
// A random word with letters of one case is too rare to matter.
const isMixed = (text: string) => /[a-z]/.test(text) && /[A-Z]/.test(text)
const userId = fc
  .tuple(word(22), fc.stringMatching(/^[A-Za-z0-9]{1,16}$/), word(43))
  .map((parts) => parts.join('.'))
const hex = (characters: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${characters}}$`))
const token = fc.tuple(userId, word(16), word(32)).map((parts) => parts.join(':'))

/** Every kind of secret that this server issues, with the part that must not be logged. */
const ours = {
  'a code or a token': token.map((text) => [text, text.slice(-32)]),
  'an id of a user': userId.map((text) => [text, text.slice(-43)]),
  'a handle or a state': word(43).map((text) => [text, text]),
  'a session id': fc.tuple(hex(64), word(43)).map(([id, mac]) => [`${id}.${mac}`, mac]),
  'a link of a step-up': fc
    .tuple(userId, hex(32))
    .map(([user, id]) => [`https://mcp.example.com/step-up/${user}~${id}`, id]),
  'a cookie of a page': fc.tuple(userId, word(43)).map(([user, secret]) => [`${user}~${secret}`, secret]),
  'a secret of a client': word(32).map((text) => [text, text]),
  'a JWT': fc.tuple(word(20), word(30), word(20)).map(([a, b, c]) => [`eyJ${a}.${b}.${c}`, b]),
  'a query': fc
    .tuple(fc.constantFrom('?', '%3F', '%3f', '%253F'), fc.stringMatching(/^[a-z0-9]{12}$/))
    .map(([mark, code]) => [`https://app.example/cb${mark}code=${code}&state=x`, code]),
  'a query without its beginning': fc
    .tuple(
      fc.constantFrom('code', 'state', 'access_token', 'id_token', 'client_secret', 'login_hint'),
      fc.constantFrom('=', '%3D', '%253d'),
      fc.uuid(),
    )
    .map(([name, is, code]) => [`iss=x&${name}${is}${code}&x=y`, code]),
  'a token that was cut short': fc
    .tuple(token, fc.integer({ min: 1, max: 24 }))
    .map(([text, cut]) => [text.slice(0, -cut), text.slice(-32, -cut)]),
  'a token in another encoding': fc.tuple(token, fc.constantFrom('%', '%25')).map(([text, sign]) => {
    const [user = '', grant = '', secret = ''] = text.split(':')
    const dots = user.replaceAll('.', `${sign}2E`)
    const letters = Array.from(secret, (letter) => `${sign}${letter.charCodeAt(0).toString(16)}`).join('')
    return [`${dots}${sign}3A${grant}${sign}3A${letters}`, letters]
  }),
  'a fragment': fc
    .stringMatching(/^[a-z0-9]{12}$/)
    .map((code) => [`https://app.example/cb#access_token=${code}`, code]),
  'a password before a host': fc
    .stringMatching(/^[a-z0-9]{12}$/)
    .map((password) => [`https://ada:${password}@app.example/`, password]),
  'an e-mail address': fc.stringMatching(/^[a-z0-9]{8}$/).map((name) => [`${name}@example.com`, name]),
} satisfies Record<string, fc.Arbitrary<string[]>>

const around = fc.constantFrom('', ' ', '"', 'client_id=', 'x ', ' said: ', '/', ',', '\u202E')

test.each(Object.entries(ours))(
  '%s is in no line, whatever field it comes in, and however deep',
  (_, secrets) => {
    fc.assert(
      fc.property(secrets, around, around, fc.nat(2000), ([text = '', secret = ''], before, after, at) => {
        const value = `${before}${text}${after}`
        for (const input of [
          value,
          { deep: [value] },
          `${'- '.repeat(at)}${value}`,
          encodeURIComponent(value),
        ])
          expect(lineOf(input)).not.toContain(secret)
        expect(redacted(value)).not.toContain(secret)
      }),
    )
  },
)

test.each([
  'spJqxp09UA62nXro',
  'a7a1e9c2-6f3a-4c39-9a55-0a0d1c8a0001',
  'discovery names no pushed_authorization_request_endpoint',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  'https://chatgpt.com/oauth/IbUR3zxyNQ16/client.json',
  'https://a-worker-with-a-long-name-of-its-own-2.example.workers.dev/oauth/client-metadata.json',
  'TypeError: x is not a function at #read (file:///src/users/grant-book.ts:12:5)',
  'Is it there? Nobody knows.',
  'MCP_SERVER_PRIVATE_KEY does not sign',
  '203.0.113.0/24',
])('what an operator needs stays: %s', (text) => {
  expect(JSON.parse(lineOf(text))).toMatchObject({ value: text })
  expect(redacted(text)).toBe(text)
})

test('what the bound cuts through is not shown, however short the rest becomes', () => {
  fc.assert(
    fc.property(token, fc.integer({ min: 1, max: 140 }), fc.constantFrom(2200, 8000), (text, cut, bound) => {
      const before = `https://x.example/?${'q'.repeat(bound)}`.slice(0, bound - cut - 1)
      const [, , secret = ''] = text.split(':')
      const value = `${before} ${text}`
      const shown = bound === 2200 ? lineOf(value) : redacted(value, 2000)
      expect(shown).not.toContain(secret.slice(0, 6))
    }),
  )
})

test('nothing that is not seen joins a secret together again', () => {
  const text = `${'aB3'.repeat(8).slice(0, 22)}.k1.${'xY7'.repeat(15).slice(0, 43)}:${'Gg1'.repeat(6).slice(0, 16)}:${'Zz9'.repeat(11).slice(0, 32)}`
  expect(redacted(Array.from(text).join('\u200B'))).toBe('[secret]')
})

test('what is looked at is bounded before any expression sees it, however long it is', () => {
  const long = fc
    .tuple(
      fc.constantFrom('eyJ', 'eyJa.', 'Bearer ', 'Bearer\t', '?', '%25', '#', '@', 'a@', 'A1', '.', ' '),
      fc.string(),
    )
    .map(([unit, tail]) => `${unit.repeat(40_000)}${tail}`)
  fc.assert(
    fc.property(long, (text) => {
      expect(redacted(text)).toBe(redacted(text.slice(0, 8000)))
      expect(lineOf(text)).toBe(lineOf(text.slice(0, 2200)))
    }),
    { numRuns: 60 },
  )
})

test('what a library writes to the console is a line of the log, and ours stay as they are', () => {
  const logged: unknown[][] = []
  for (const method of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, method).mockImplementation((...words) => logged.push([method, ...words]))
  takeOverConsole()
  takeOverConsole()
  const secret = 'aB3'.repeat(15).slice(0, 43)
  // oxlint-disable no-console -- as a library does
  console.warn(`failed for https://x.example/${secret}:`, 'a\n{"level":"error","event":"made.up"}')
  console.error('so', new TypeError('it is not'), { a: 1 })
  // oxlint-enable no-console
  log.info('ours.said', { a: 'b' })
  const lines = logged.map(([method, ...words]) => [method, words.length, JSON.parse(String(words[0]))])
  expect(lines).toEqual([
    [
      'warn',
      1,
      {
        level: 'warn',
        event: 'library.said',
        detail: 'failed for https://x.example/[secret]: a {"level":"error","event":"made.up"}',
      },
    ],
    [
      'error',
      1,
      {
        level: 'error',
        event: 'library.said',
        detail: expect.stringMatching(/^so TypeError: it is not at .*\[object Object\]$/),
      },
    ],
    ['log', 1, { level: 'info', event: 'ours.said', a: 'b' }],
  ])
})
