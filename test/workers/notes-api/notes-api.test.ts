import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { importJWK, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { z } from 'zod'
import worker from '../../../examples/notes/local-api/src/index.ts'
import { ISSUER } from '../settings.ts'

const { PINGONE_KEY } = z.object({ PINGONE_KEY: z.string() }).parse(env)
const Jwk = z.looseObject({ kty: z.literal('RSA') })
const key = await importJWK(Jwk.parse(JSON.parse(PINGONE_KEY)), 'RS256')
const now = Math.floor(Date.now() / 1000)

/** Claims to set or, with undefined, to leave out. */
type Claims = Readonly<Record<string, unknown>>

function tokenWith(claims: Claims = {}): Promise<string> {
  const all = {
    iss: ISSUER,
    aud: 'the-api',
    sub: crypto.randomUUID(),
    sid: 'a-session',
    client_id: 'mcp-server',
    scope: 'notes:read notes:write notes:delete',
    exp: now + 600,
    ...claims,
  }
  return new SignJWT(all).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(key)
}

interface Sent {
  readonly body?: unknown
  readonly key?: string
  readonly settings?: Claims
}

function ask(token: string | null, method: string, path: string, { body, key: id, settings }: Sent = {}) {
  const headers = {
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(id === undefined ? {} : { 'idempotency-key': id }),
  }
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://notes.test${path}`, init)
  return worker.fetch(request, { ...env, ...settings }, createExecutionContext())
}

const Problem = z.strictObject({
  type: z.literal('about:blank'),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
})
async function codeOf(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const { status, code } = Problem.parse(await response.json())
  expect(status).toBe(response.status)
  return [status, code, response.headers.get('www-authenticate')]
}

const Note = z.strictObject({ id: z.uuid(), text: z.string() })
const Notes = z.strictObject({ notes: z.array(Note), total: z.number(), next: z.string().nullable() })
const textsOf = async (response: Response) => Notes.parse(await response.json()).notes.map(({ text }) => text)

test.each<[string, Claims, readonly unknown[]]>([
  ['another issuer', { iss: 'https://evil.test/as' }, [401, 'token_invalid', 'Bearer error="invalid_token"']],
  ['another audience', { aud: 'the-api-2' }, [401, 'token_invalid', 'Bearer error="invalid_token"']],
  ['an expired token', { exp: now - 120 }, [401, 'token_invalid', 'Bearer error="invalid_token"']],
  ['no expiry', { exp: undefined }, [401, 'token_invalid', 'Bearer error="invalid_token"']],
  ['no session of a user', { sid: undefined }, [403, 'user_required', null]],
  ['an application as its subject', { sub: 'mcp-server' }, [403, 'user_required', null]],
  [
    'a scope that only begins like the one',
    { scope: 'notes:readonly notes:write' },
    [403, 'insufficient_scope', 'Bearer error="insufficient_scope", scope="notes:read"'],
  ],
])('a token with %s is refused', async (_what, claims, problem) => {
  expect(await codeOf(await ask(await tokenWith(claims), 'GET', '/v1/notes'))).toEqual(problem)
})

test('no token, a damaged one, and one of another key', async () => {
  expect(await codeOf(await ask(null, 'GET', '/v1/notes'))).toEqual([401, 'token_missing', 'Bearer'])
  const invalid = [401, 'token_invalid', 'Bearer error="invalid_token"']
  const token = await tokenWith()
  expect(await codeOf(await ask(`${token.slice(0, -8)}AAAAAAAA`, 'GET', '/v1/notes'))).toEqual(invalid)
  const symmetric = new SignJWT({ iss: ISSUER, aud: 'the-api', exp: now + 60 })
  const forged = await symmetric
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode('x'.repeat(32)))
  expect(await codeOf(await ask(forged, 'GET', '/v1/notes'))).toEqual(invalid)
})

test.each([
  ['GET', '/v1/notes', 'notes:read'],
  ['POST', '/v1/notes', 'notes:write'],
  ['DELETE', '/v1/notes/x', 'notes:delete'],
])('%s %s needs %s and no other scope', async (method, path, scope) => {
  const others = ['notes:read', 'notes:write', 'notes:delete'].filter((one) => one !== scope).join(' ')
  const body = method === 'POST' ? { text: 'x' } : undefined
  const [status] = await codeOf(await ask(await tokenWith({ scope: others }), method, path, { body }))
  expect(status).toBe(403)
  const allowed = await ask(await tokenWith({ scope }), method, path, { body })
  expect(allowed.status).not.toBe(403)
})

test('an issuer that cannot be asked is 503, and missing settings are 503', async () => {
  const iss = 'https://down.test/as'
  const down = await ask(await tokenWith({ iss }), 'GET', '/v1/notes', { settings: { PINGONE_ISSUER: iss } })
  expect(await codeOf(down)).toEqual([503, 'keys_unreachable', null])
  const bare = await ask(await tokenWith(), 'GET', '/v1/notes', { settings: { API_IDENTIFIER: '' } })
  expect(await codeOf(bare)).toEqual([503, 'settings_invalid', null])
})

test('each user has notes of their own, newest first, and finds them by words', async () => {
  const [ada, bob] = [await tokenWith(), await tokenWith()]
  for (const text of ['Milk and honey', 'Honey cake'])
    expect((await ask(ada, 'POST', '/v1/notes', { body: { text } })).status).toBe(201)
  expect(await textsOf(await ask(ada, 'GET', '/v1/notes'))).toEqual(['Honey cake', 'Milk and honey'])
  expect(await textsOf(await ask(ada, 'GET', '/v1/notes?q=honey%20MILK'))).toEqual(['Milk and honey'])
  expect(await textsOf(await ask(bob, 'GET', '/v1/notes'))).toEqual([])
})

test('notes come in pages, and one by its id', async () => {
  const token = await tokenWith()
  for (const text of ['one', 'two', 'three', 'four two'])
    await ask(token, 'POST', '/v1/notes', { body: { text } })
  const page = async (query: string) =>
    Notes.parse(await (await ask(token, 'GET', `/v1/notes?${query}`)).json())
  const first = await page('limit=3')
  expect([first.notes.map(({ text }) => text), first.total]).toEqual([['four two', 'three', 'two'], 4])
  const rest = await page(`limit=3&after=${first.next}`)
  expect([rest.notes.map(({ text }) => text), rest.total, rest.next]).toEqual([['one'], 4, null])
  const found = await page('limit=1&q=two')
  expect([found.notes.map(({ text }) => text), found.total]).toEqual([['four two'], 2])
  const [more] = (await page(`limit=1&q=two&after=${found.next}`)).notes
  expect(more?.text).toBe('two')
  expect(await (await ask(token, 'GET', `/v1/notes/${more?.id}`)).json()).toEqual(more)
  for (const path of ['/v1/notes/none', '/v1/notes?after=none'])
    expect(await codeOf(await ask(token, 'GET', path))).toEqual([404, 'unknown', null])
  for (const limit of ['0', '101', '1e1', ''])
    expect(await codeOf(await ask(token, 'GET', `/v1/notes?limit=${limit}`))).toEqual([
      400,
      'query_invalid',
      null,
    ])
})

test('a write under one key happens once, and the key serves no other request', async () => {
  const token = await tokenWith()
  const add = (text: string) => ask(token, 'POST', '/v1/notes', { body: { text }, key: 'k-1' })
  const first = Note.parse(await (await add('once')).json())
  expect(Note.parse(await (await add('once')).json())).toEqual(first)
  expect(await codeOf(await add('twice'))).toEqual([422, 'key_reused', null])
  const remove = () => ask(token, 'DELETE', `/v1/notes/${first.id}`, { key: 'k-2' })
  expect([(await remove()).status, (await remove()).status]).toEqual([204, 204])
  const again = await ask(token, 'DELETE', `/v1/notes/${first.id}`)
  expect(await codeOf(again)).toEqual([404, 'unknown', null])
  expect(await textsOf(await ask(token, 'GET', '/v1/notes'))).toEqual([])
})

test.each([
  [{ text: '' }, 400],
  [{ text: 'x'.repeat(501) }, 400],
  [{ text: 'x', more: 1 }, 400],
  ['x'.repeat(20_000), 413],
])('a body that is wrong is refused, and nothing is kept', async (body, status) => {
  const token = await tokenWith()
  const [refused] = await codeOf(await ask(token, 'POST', '/v1/notes', { body }))
  expect(refused).toBe(status)
  expect(await textsOf(await ask(token, 'GET', '/v1/notes'))).toEqual([])
})
