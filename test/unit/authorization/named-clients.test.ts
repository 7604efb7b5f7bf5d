import { expect, test } from 'vitest'
import { namedClients } from '#authorization/token/token-form.ts'

const base64url = (text: string) => Buffer.from(text, 'utf8').toString('base64url')
const assertion = (claims: unknown) =>
  `${base64url('{}')}.${base64url(JSON.stringify(claims))}.${base64url('x')}`
const basic = (credentials: string) => `Basic ${btoa(credentials)}`
const named = (form: string, authorization: string | null = null) =>
  namedClients(new URLSearchParams(form), authorization)

test('a client is found wherever the library would find one, and each of several', () => {
  expect(named('client_id=a')).toEqual(['a'])
  expect(named('client_id=&client_id=a&client_id=b')).toEqual(['a', 'b'])
  expect(named('', basic('a:secret'))).toEqual(['a'])
  expect(named('', basic('https%3A%2F%2Fa.example%2Fx+y:s:t'))).toEqual(['https://a.example/x y'])
  expect(named('', `bASIC \t ${btoa('a:')}`)).toEqual(['a'])
  expect(named(`client_assertion=${assertion({ iss: 'https://a.example/x' })}`)).toEqual([
    'https://a.example/x',
  ])
  expect(named(`client_id=a&client_assertion=${assertion({ iss: 'b' })}`, basic('c:'))).toEqual([
    'a',
    'c',
    'b',
  ])
})

test('nobody is named by nothing, by empty fields, or by another scheme', () => {
  for (const form of ['', 'client_id=', 'client_assertion=']) expect(named(form)).toEqual([])
  expect(named('', 'Bearer a:b:c')).toEqual([])
  expect(named('', 'Basically YTpi')).toEqual([])
})

test.each([
  ['Basic'],
  ['Basic ###'],
  [`Basic ${btoa('no colon')}`],
  [`Basic ${btoa(':secret')}`],
  [`Basic ${btoa('%ZZ:secret')}`],
  [`${basic('a:b')}, ${basic('c:d')}`],
])('%s names somebody whom we cannot read', (authorization) => {
  expect(named('client_id=a', authorization)).toBeNull()
})

test.each([
  ['x'],
  ['x.y'],
  ['x.y.z.w'],
  [`.${base64url('{"iss":"a"}')}.x`],
  [`x.${base64url('{"iss":1}')}.x`],
  [`x.${base64url('{"iss":""}')}.x`],
  [`x.${base64url('"text"')}.x`],
  [`x.${btoa('{"iss":"a?>"}')}=.x`],
])('the assertion %s names somebody whom we cannot read', (value) => {
  expect(named(new URLSearchParams({ client_id: 'a', client_assertion: value }).toString())).toBeNull()
})
