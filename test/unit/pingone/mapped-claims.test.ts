import { expect, test } from 'vitest'
import { idTokenClaims, renewedIdTokenClaims } from '#pingone/claims.ts'

const NAMED = { groups: 'groups', policy: ['department', 'level'] }
const LOGIN = { iss: 'https://op.example', sub: 's', sid: 'x', acr: 'flow' }
const mappedIn = (claims: Readonly<Record<string, unknown>>, named = NAMED) =>
  idTokenClaims(named).parse({ ...LOGIN, ...claims }).mapped

test('only the claims that the settings name are read, and a single text is a list of one', () => {
  expect(mappedIn({ groups: ['a', 'b'], department: 'north', level: [3, true, 'x'], other: 'o' })).toEqual({
    names: ['department', 'groups', 'level'],
    isAny: true,
    groups: ['a', 'b'],
    claims: { department: ['north'], level: ['3', 'true', 'x'] },
    incomplete: [],
  })
})

test.each([
  ['an object', { a: 1 }],
  ['a list in a list', [['a']]],
  ['257 characters', 'x'.repeat(257)],
  ['101 values', Array.from({ length: 101 }, String)],
  ['a list with one value of another form', ['good', {}]],
])('%s is named as incomplete, and the others are read', (_name, department) => {
  expect(mappedIn({ department, level: 1 })).toMatchObject({
    claims: { level: ['1'] },
    isAny: true,
    incomplete: ['department'],
  })
})

test.each([
  ['null', null],
  ['an empty text', ''],
  ['an empty list', []],
])('%s is a claim that the user does not have', (_name, empty) => {
  const read = mappedIn({ department: empty, groups: empty, level: 1 })
  expect(read).toMatchObject({ claims: { level: ['1'] }, groups: [], incomplete: [] })
  expect(read.claims).not.toHaveProperty('department')
})

test.each([
  ['501 groups', Array.from({ length: 501 }, String)],
  ['an object', { a: true }],
  ['a number', 7],
  ['a list with a group of another form', ['staff', { name: 'admins' }]],
])('%s are no groups: they are named as incomplete', (_name, groups) => {
  expect(mappedIn({ groups })).toMatchObject({ groups: [], incomplete: ['groups'] })
})

test('500 groups are read', () => {
  const groups = Array.from({ length: 500 }, String)
  expect(mappedIn({ groups })).toMatchObject({ groups, incomplete: [] })
})

test('256 characters and 100 values are read', () => {
  const level = Array.from({ length: 100 }, String)
  const department = 'x'.repeat(256)
  expect(mappedIn({ department, level }).claims).toEqual({ department: [department], level })
})

test('a token without any of the claims says so, and what every object has is no claim', () => {
  const named = { groups: 'toString', policy: ['constructor', 'hasOwnProperty'] }
  expect(mappedIn({}, named)).toMatchObject({ isAny: false, groups: [], claims: {} })
  expect(mappedIn({ level: 0 })).toMatchObject({ isAny: true, claims: { level: ['0'] } })
})

test('the id token of a refresh is read the same way, without the claims of a session', () => {
  const { mapped } = renewedIdTokenClaims(NAMED).parse({ iss: 'i', sub: 's', groups: 'one' })
  expect(mapped).toMatchObject({ isAny: true, groups: ['one'], claims: {} })
})
