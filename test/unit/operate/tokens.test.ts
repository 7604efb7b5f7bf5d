import { expect, test } from 'vitest'
import { readIssuedToken } from '#lib/issued-token.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { makeUserId } from '#users/base/user-id.ts'
import { Reason } from '#operate/api-schema.ts'
import { issueCode, openCode } from '#operate/authorization-code.ts'
import { readAuthorizeRequest } from '#operate/authorize-request.ts'
import { checkCodeOf, isLoopbackRedirect } from '#operate/native-client.ts'
import { newOperatorToken, readOperatorToken } from '#operate/operator-token.ts'
import { readWalk, writeWalk } from '#operate/walk-token.ts'

const keysIn = (text: string) => {
  const read = readRootKeys(text, undefined)
  if (!read.ok) throw new Error(read.error)
  return read.value
}
const config = { rootKeys: keysIn(`a:${'A'.repeat(43)}`) }
const userId = await makeUserId(config.rootKeys[0], 'https://issuer.example', 'grace')

const signIn = {
  userId,
  redirectUri: 'http://127.0.0.1:4711/operate',
  challenge: 'c'.repeat(43),
  roles: ['viewer' as const],
  userName: 'Grace Hopper',
  preferredUsername: 'grace',
  authenticatedAtSeconds: 1000,
}

test('a code is over after a minute, and none of it can be read or changed', async () => {
  const code = await issueCode(signIn, { config, nowSeconds: () => 1000 })
  expect(code).not.toMatch(/grace/i)
  expect(await openCode(code, { config, nowSeconds: () => 1059 })).toMatchObject(signIn)
  expect(await openCode(code, { config, nowSeconds: () => 1060 })).toBeNull()
  const changed = code.slice(0, -1) + (code.endsWith('A') ? 'Q' : 'A')
  for (const text of ['', 'v1.a.x', changed, `${code}A`])
    expect(await openCode(text, { config, nowSeconds: () => 1000 })).toBeNull()
  const other = { rootKeys: keysIn(`b:${'B'.repeat(42)}A`) }
  expect(await openCode(code, { config: other, nowSeconds: () => 1000 })).toBeNull()
})

test('no token of a client is one of an operator, and the other way round', async () => {
  const { text, session } = await newOperatorToken(userId)
  expect(await readOperatorToken(text)).toEqual({ userId, session })
  expect(readIssuedToken(text)).toBeNull()
  const ofClient = `${userId}:${'g'.repeat(16)}:${'s'.repeat(32)}`
  expect(readIssuedToken(ofClient)).not.toBeNull()
  for (const other of [
    ofClient,
    `op_${ofClient}`,
    `${text}x`,
    ` ${text}`,
    text.replace('~', ':'),
    `${text}\n`,
  ])
    expect(await readOperatorToken(other)).toBeNull()
  expect(session).not.toContain(text.split('~')[1])
})

test('the place of a walk is for the operator who has begun it', async () => {
  const place = { operation: 'export', act: 'a', at: '2026-01-01T00:00:00.000Z', after: 'x' } as const
  const text = await writeWalk(place, 'grace', { config })
  expect(await readWalk(text, { name: 'grace' }, { config })).toEqual(place)
  expect(await readWalk(text, { name: 'mary' }, { config })).toBeNull()
  expect(
    await readWalk(await issueCode(signIn, { config, nowSeconds: () => 0 }), { name: 'grace' }, { config }),
  ).toBeNull()
})

test('the check code follows from the code challenge alone', async () => {
  const code = await checkCodeOf('c'.repeat(43))
  expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
  expect(await checkCodeOf('c'.repeat(43))).toBe(code)
  expect(await checkCodeOf('d'.repeat(43))).not.toBe(code)
})

test('the page of a request has one spelling', () => {
  const origin = 'https://mcp.example.com'
  const query = new URLSearchParams({
    state: 'abc',
    client_id: 'operate-cli',
    response_type: 'code',
    redirect_uri: signIn.redirectUri,
    code_challenge: signIn.challenge,
    code_challenge_method: 'S256',
  })
  const read = readAuthorizeRequest(new URL(`${origin}/operate/authorize?${query}`), origin)
  expect(read).toMatchObject({ redirectUri: signIn.redirectUri, challenge: signIn.challenge, state: 'abc' })
  const encoded = `${query}`.replace('abc', '%61bc')
  expect(readAuthorizeRequest(new URL(`${origin}/operate/authorize?${encoded}`), origin)).toEqual(read)
  expect(readAuthorizeRequest(new URL(`${origin}${read?.path ?? ''}`), origin)).toEqual(read)
  expect(readAuthorizeRequest(new URL(`${origin}/operate/other?${query}`), origin)).toBeNull()
})

test.for([
  ['http://127.0.0.1:1/operate', true],
  ['http://127.0.0.1:65535/operate', true],
  ['http://127.0.0.1:65536/operate', false],
  ['http://127.0.0.1:080/operate', false],
  ['http://127.0.0.1/operate', false],
  ['http://127.0.0.1:1/operate/', false],
  ['http://127.0.0.1:1/operate#x', false],
  ['https://127.0.0.1:1/operate', false],
  ['http://127.0.0.1:1/operate\n', false],
  ['', false],
] as const)('%j as the loopback address: %s', ([uri, isAllowed]) => {
  expect(isLoopbackRedirect(uri)).toBe(isAllowed)
})

test.for([
  ['left the company', true],
  ['two  blanks', true],
  ['🧑‍💻 नमस्ते', true],
  ['x'.repeat(500), true],
  ['😀'.repeat(500), true],
  ['x'.repeat(501), false],
  ['tab\there', false],
  ['', false],
  ['\u00a0', false],
  ['bidi \u2067', false],
  ['zero\u200dwidth', false],
] as const)('%j as a reason: %s', ([reason, isAllowed]) => {
  expect(Reason.safeParse(reason).success).toBe(isAllowed)
})
