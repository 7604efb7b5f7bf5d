import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readTokenForm } from '#authorization/token/token-form.ts'
import { oddText } from '#harness/fuzz/odd.ts'

type Pairs = readonly (readonly [string, string])[]

const NAMES = [
  'grant_type',
  'code',
  'refresh_token',
  'token',
  'client_id',
  'client_secret',
  'client_assertion',
  'scope',
  'resource',
  'redirect_uri',
  'code_verifier',
  '__proto__',
  'Code',
]
const name = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: oddText })
const value = fc.oneof(fc.constantFrom('', 'refresh_token', 'authorization_code', 'a:b:c'), oddText)
const pairs: fc.Arbitrary<Pairs> = fc.array(fc.tuple(name, value), { maxLength: 7 })

const textOf = (sent: Pairs) => new URLSearchParams(sent.map(([key, text]) => [key, text])).toString()
const post = (headers: Record<string, string> = {}) =>
  new Request('https://mcp.example.test/token?code=in-the-address', {
    method: 'POST',
    headers,
    body: 'unread',
  })
const read = (sent: Pairs, headers?: Record<string, string>) => readTokenForm(post(headers), textOf(sent))
const wholeOf = async (result: ReturnType<typeof read>) =>
  result.ok ? { ...result.value, request: await result.value.request.text() } : result
/** The form as a second reader of the forwarded request sees it. */
const formPairs = async (request: Request) => [...(await request.formData()).entries()]

const REDEEMED = [
  ['authorization_code', 'code'],
  ['refresh_token', 'refresh_token'],
] as const

test('A1 what goes on to the library has the one thing that was presented, once, and no other', () =>
  fc.assert(
    fc.asyncProperty(pairs, async (sent) => {
      const result = read(sent)
      if (!result.ok) return
      const { presented, isRevocation, request } = result.value
      const forwarded = await formPairs(request)
      const names = forwarded.map(([key]) => key)
      expect(forwarded.filter(([key]) => ['code', 'refresh_token', 'token'].includes(key))).toEqual(
        presented === null ? [] : [[presented.as, presented.value]],
      )
      const grantType = forwarded.find(([key]) => key === 'grant_type')?.[1]
      expect(isRevocation).toBe(grantType === undefined)
      const redeemed = REDEEMED.find(([name]) => name === grantType)?.[1]
      expect(presented?.as ?? redeemed ?? 'token').toBe(redeemed ?? 'token')
      expect(names.filter((key, at) => key !== 'resource' && names.indexOf(key) !== at)).toEqual([])
      expect(forwarded.filter(([, text]) => text === '')).toEqual([])
    }),
    { numRuns: 2000 },
  ))

test('B9 a parameter without a value was not sent', () =>
  fc.assert(
    fc.asyncProperty(pairs, fc.array(fc.constantFrom(...NAMES)), fc.nat(), async (sent, empty, at) => {
      const good = sent.filter(([, text]) => text !== '')
      const more = [...new Set(empty)].filter(
        (key) => key === 'resource' || !good.some(([one]) => one === key),
      )
      const place = at % (good.length + 1)
      const padded = [...good.slice(0, place), ...more.map((key) => [key, ''] as const), ...good.slice(place)]
      expect(await wholeOf(read(padded))).toEqual(await wholeOf(read(good)))
    }),
    { numRuns: 1000 },
  ))

test.for([
  ['code=a&code=a'],
  ['code=&code=a'],
  ['client_id=a&client_id='],
  ['grant_type=refresh_token&grant_type=authorization_code'],
  ['made_up=1&made_up=2'],
  ['scope=a&scope=a'],
  ['grant_type=refresh_token&refresh_token=a&code=b'],
  ['refresh_token=a&token=b'],
  ['grant_type=authorization_code&refresh_token=a'],
  ['grant_type=refresh_token&token=a'],
  ['code=a'],
  ['grant_type=&refresh_token=a'],
])('%s is not clear', ([text = '']) => {
  expect(readTokenForm(post(), text)).toMatchObject({
    ok: false,
    error: { status: 400, code: 'invalid_request' },
  })
})

const enc = encodeURIComponent
const basic = (id: string, secret: string) => `Basic ${btoa(`${enc(id)}:${enc(secret)}`)}`
const word = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }).map((text) => text.toWellFormed())

test('B3 Basic beside the same client_id is one method; beside another one both are named', () =>
  fc.assert(
    fc.asyncProperty(word, word, word, async (id, secret, other) => {
      const fields: Pairs = [
        ['grant_type', 'refresh_token'],
        ['refresh_token', 'a'],
      ]
      const headers = { Authorization: basic(id, secret) }
      const plain = read(fields, headers)
      const same = read([...fields, ['client_id', id]], headers)
      if (!plain.ok || !same.ok) throw new Error('refused')
      expect(await same.value.request.text()).toBe(await plain.value.request.text())
      expect(same.value.request.headers.get('Authorization')).toBe(basic(id, secret))
      expect(new Set(same.value.clients)).toEqual(new Set([id]))
      const differs = read([...fields, ['client_id', other]], headers)
      if (!differs.ok) throw new Error('refused')
      expect(new Set(differs.value.clients)).toEqual(new Set([other, id]))
      const forwarded = await formPairs(differs.value.request)
      expect(forwarded.filter(([key]) => key === 'client_id')).toEqual(
        other === id ? [] : [['client_id', other]],
      )
    }),
  ))

test('who is named by an assertion alone is named to the library as well, and no other scheme goes on', async () => {
  const part = (json: object) => btoa(JSON.stringify(json)).replaceAll('=', '')
  const assertion = `${part({})}.${part({ iss: 'https://a.example/x' })}.${part({})}`
  const result = read([['client_assertion', assertion]], { Authorization: 'Bearer a:b:c' })
  if (!result.ok) throw new Error('refused')
  expect(result.value.clients).toEqual(['https://a.example/x'])
  expect(await formPairs(result.value.request)).toContainEqual(['client_id', 'https://a.example/x'])
  expect(result.value.request.headers.get('Authorization')).toBeNull()
})
