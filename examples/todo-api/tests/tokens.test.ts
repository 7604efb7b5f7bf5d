import { exports } from 'cloudflare:workers'
import { generateKeyPair } from 'jose'
import { expect, test } from 'vitest'

import {
  claimsOf,
  ISSUER,
  nowSeconds,
  ORIGIN,
  problemOf,
  sign,
  steadyKeyFor,
  steadyPublicPem,
  type Changes,
} from './support.ts'

const foreign = await generateKeyPair('RS256')
const base64url = (value: object) =>
  btoa(JSON.stringify(value)).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_')

const read = (authorization?: string) =>
  exports.default.fetch(
    `${ORIGIN}/api/todos`,
    authorization === undefined ? {} : { headers: { Authorization: authorization } },
  )

test('a request without a token is challenged without an error code', async () => {
  const answer = await read()
  expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer')
  expect(await problemOf(answer)).toMatchObject({
    status: 401,
    code: 'token_missing',
    sameStatusInside: true,
    contentType: 'application/problem+json',
  })
})

test.each<[string, () => string | Promise<string>]>([
  ['an empty token', () => ''],
  ['words instead of a token', () => 'not a token'],
  ['two tokens', async () => `${await sign(claimsOf())}, Bearer ${await sign(claimsOf())}`],
  ['no signature (alg none)', () => `${base64url({ alg: 'none' })}.${base64url(claimsOf())}.`],
  ['alg none in other letters', () => `${base64url({ alg: 'nOnE' })}.${base64url(claimsOf())}.`],
  [
    'HS256 with the public key as the secret',
    async () => {
      const key = new TextEncoder().encode(await steadyPublicPem())
      return sign(claimsOf(), { key, header: { alg: 'HS256' } })
    },
  ],
  ...['RS384', 'RS512', 'PS256'].map((alg): [string, () => Promise<string>] => [
    `${alg} with the key of the issuer`,
    async () => sign(claimsOf(), { key: await steadyKeyFor(alg), header: { alg } }),
  ]),
  ['the signature of a foreign key', () => sign(claimsOf(), { key: foreign.privateKey })],
  [
    'a foreign key under its own id',
    () => sign(claimsOf(), { key: foreign.privateKey, header: { kid: 'foreign' } }),
  ],
  [
    'a key that the token brings along',
    () => sign(claimsOf(), { key: foreign.privateKey, header: { jku: `${ISSUER}/jwks` } }),
  ],
  [
    'an unknown critical extension',
    () => `${base64url({ alg: 'RS256', kid: 'steady', crit: ['x'], x: 1 })}.${base64url(claimsOf())}.AAAA`,
  ],
  ['a key id that is no text', () => `${base64url({ alg: 'RS256', kid: 7 })}.${base64url(claimsOf())}.AAAA`],
  [
    'claims changed after signing',
    async () => (await sign(claimsOf())).replace(/\.[^.]+\./, `.${base64url(claimsOf())}.`),
  ],
  [
    'claims that are no object',
    () => `${base64url({ alg: 'RS256', kid: 'steady' })}.${base64url(['x'])}.AAAA`,
  ],
  ['a type that is not an access token', () => sign(claimsOf(), { header: { typ: 'logout+jwt' } })],
])('%s is an invalid token', async (_what, make) => {
  const answer = await read(`Bearer ${await make()}`)
  expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer error="invalid_token"')
  expect(await problemOf(answer)).toMatchObject({ status: 401, code: 'invalid_token' })
})

test.each<[string, Changes]>([
  ['another issuer', { iss: 'https://issuer.test/other/as' }],
  ['the issuer with a slash', { iss: `${ISSUER}/` }],
  ['the issuer in other letters', { iss: ISSUER.toUpperCase() }],
  ['no issuer', { iss: undefined }],
  ['another audience', { aud: 'billing-api' }],
  ['a longer audience', { aud: ['todo-api-staging'] }],
  ['no audience', { aud: undefined }],
  ['an empty list of audiences', { aud: [] }],
  ['an expiry long ago', { exp: nowSeconds() - 3600 }],
  ['an expiry beyond the skew of clocks', { exp: nowSeconds() - 90 }],
  ['no expiry', { exp: undefined }],
  ['a start in the future', { nbf: nowSeconds() + 600 }],
])('a token with %s is invalid', async (_what, changes) => {
  expect(await problemOf(await read(`Bearer ${await sign(claimsOf(changes))}`))).toMatchObject({
    status: 401,
    code: 'invalid_token',
  })
})

test.each<[string, () => Promise<string>]>([
  ['without a type', async () => `Bearer ${await sign(claimsOf())}`],
  ['of type JWT', async () => `Bearer ${await sign(claimsOf(), { header: { typ: 'JWT' } })}`],
  ['of type at+jwt', async () => `Bearer ${await sign(claimsOf(), { header: { typ: 'at+jwt' } })}`],
  [
    'without a key id, while there is one key',
    async () => `Bearer ${await sign(claimsOf(), { header: { kid: undefined } })}`,
  ],
  ['with the scheme in small letters', async () => `bearer ${await sign(claimsOf())}`],
  ['with its audience as text', async () => `Bearer ${await sign(claimsOf({ aud: 'todo-api' }))}`],
  [
    'with a second audience',
    async () => `Bearer ${await sign(claimsOf({ aud: ['https://api.pingone.com', 'todo-api'] }))}`,
  ],
  [
    'that expired within the skew of clocks',
    async () => `Bearer ${await sign(claimsOf({ exp: nowSeconds() - 20 }))}`,
  ],
])('a token %s is good', async (_what, authorization) => {
  expect((await read(await authorization())).status).toBe(200)
})

test('a token in the address is no token', async () => {
  const token = await sign(claimsOf())
  const answer = await exports.default.fetch(`${ORIGIN}/api/todos?access_token=${token}`)
  expect(await problemOf(answer)).toMatchObject({ status: 401, code: 'token_missing' })
})
