import { decodeProtectedHeader } from 'jose'
import { beforeEach, expect, test } from 'vitest'
import {
  codeOf,
  decode,
  login,
  loginForTokens,
  redeem,
  resetEmulator,
  setSwitches,
  verify,
} from './application.ts'
import { clientId, environment, issuer, origin, policyId } from './browser.ts'

beforeEach(resetEmulator)

const idDefects = [
  ['wrong-issuer', { iss: `${issuer}/other` }],
  ['wrong-audience', { aud: 'some-other-client' }],
  ['wrong-nonce', { nonce: 'not-the-nonce-that-was-sent' }],
  ['no-nonce', { nonce: undefined }],
  ['wrong-acr', { acr: 'Single_Factor' }],
  ['no-acr', { acr: undefined }],
  ['wrong-at-hash', { at_hash: 'A'.repeat(22) }],
  ['other-subject', { sub: '3d1e0a6c-5f3a-4c39-9a55-0a0d1c8affff' }],
  ['wrong-subject-type', { sub: 42 }],
] as const

/** Claims that differ between any two logins. */
const varying = { iat: 0, exp: 0, auth_time: 0, sid: '', at_hash: '', jti: '' }

test.each(idDefects)('an ID token with %s is wrong in that claim only', async (idToken, wrong) => {
  const good = decode((await loginForTokens()).idToken)
  await setSwitches({ idToken })
  const tokens = await loginForTokens()
  const bad = decode(tokens.idToken)
  for (const [claim, value] of Object.entries(wrong)) expect(bad[claim]).toBe(value)
  expect({ ...bad, ...varying, ...wrong }).toEqual({ ...good, ...varying, ...wrong })
  await verify(tokens.accessToken, 'todo-api')
})

test('an expired ID token is expired and else good', async () => {
  await setSwitches({ idToken: 'expired' })
  await expect(verify((await loginForTokens()).idToken, clientId)).rejects.toMatchObject({
    code: 'ERR_JWT_EXPIRED',
  })
})

test('an unsigned ID token has alg none and no signature', async () => {
  await setSwitches({ idToken: 'unsigned' })
  const { idToken = '' } = await loginForTokens()
  expect(idToken.endsWith('.')).toBe(true)
  expect(decode(idToken)['nonce']).toBe('the-nonce')
})

test('an ID token by a foreign key names our key and does not verify', async () => {
  const good = await loginForTokens()
  await setSwitches({ idToken: 'foreign-key' })
  const { idToken = '' } = await loginForTokens()
  expect(decodeProtectedHeader(idToken).kid).toBe(decodeProtectedHeader(good.idToken ?? '').kid)
  await expect(verify(idToken, clientId)).rejects.toMatchObject({
    code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  })
})

test('a missing ID token is missing, and the rest is there', async () => {
  await setSwitches({ idToken: 'missing' })
  const tokens = await loginForTokens()
  expect(tokens.idToken).toBeUndefined()
  await verify(tokens.accessToken, 'todo-api')
})

test.each([
  ['grace', { groupsClaim: 'missing' }, undefined],
  ['grace', { groupsClaim: 'text' }, 'mcp-operators,mcp-policy-editors'],
  ['ada', { groupsClaim: 'text' }, undefined],
  ['ada', { groupCount: 600 }, expect.toSatisfy((names: string[]) => names.length === 600)],
  ['grace', { groupCount: 600 }, expect.toSatisfy((names: string[]) => names.length === 602)],
] as const)('the groups of %s after %j', async (username, switches, groups) => {
  await setSwitches(switches)
  expect(decode((await loginForTokens({}, { username })).idToken)['groups']).toEqual(groups)
})

test.each([
  ['wrong-acr', { acr: 'Single_Factor' }],
  ['wrong-audience', { aud: ['some-other-api'] }],
  ['wrong-issuer', { iss: `${origin}/${environment}/other` }],
  ['wrong-environment', { env: '5e1d0a11-0000-4000-8000-00000000000a' }],
  ['no-sid', { sid: undefined }],
] as const)('an access token with %s is wrong in that claim only', async (accessToken, wrong) => {
  const good = decode((await loginForTokens()).accessToken)
  await setSwitches({ accessToken })
  const tokens = await loginForTokens()
  const bad = decode(tokens.accessToken)
  for (const [claim, value] of Object.entries(wrong)) expect(bad[claim]).toEqual(value)
  expect({ ...bad, ...varying, ...wrong }).toEqual({ ...good, ...varying, ...wrong })
  expect(await verify(tokens.idToken, clientId)).toMatchObject({ acr: policyId })
})

test.each([
  ['JWT', 'JWT'],
  ['at+jwt', 'at+jwt'],
  ['none', undefined],
] as const)('an access token can be of typ %s', async (typ, header) => {
  await setSwitches({ typ })
  expect(decodeProtectedHeader((await loginForTokens()).accessToken).typ).toBe(header)
})

test('scopes that nobody asked for, a short life and a wrong clock show in the access token', async () => {
  const before = decode((await loginForTokens()).accessToken)
  await setSwitches({ extraAccessScopes: ['todo:admin'], accessTokenSeconds: 5, clockSkewSeconds: 7200 })
  const claims = decode((await loginForTokens()).accessToken)
  expect(claims['scope']).toBe('todo:read todo:write todo:admin')
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(5)
  expect((claims.iat ?? 0) - (before.iat ?? 0)).toBeGreaterThanOrEqual(7200)
})

test.each([
  [{ callbackState: 'wrong' }, 'state', 'not-the-state-that-was-sent'],
  [{ callbackState: 'missing' }, 'state', null],
  [{ callbackIss: 'right' }, 'iss', issuer],
  [{ callbackIss: 'wrong' }, 'iss', `${origin}/${environment}/other`],
  [{ callbackCode: 'missing' }, 'code', null],
])('with %o the callback has that %s', async (switches, name, value) => {
  await setSwitches(switches)
  expect((await login()).searchParams.get(name)).toBe(value)
})

test('a foreign code is a real one that PKCE refuses', async () => {
  await setSwitches({ callbackCode: 'foreign' })
  const tokens = await redeem(codeOf(await login()))
  expect([tokens.status, tokens.error]).toEqual([400, 'invalid_grant'])
})

test('a user can be given any name at all, and has their own again without', async () => {
  await setSwitches({ userName: 'Ada\u202e <b>' })
  expect(decode((await loginForTokens()).idToken)['name']).toBe('Ada\u202e <b>')
  await setSwitches({ userName: null })
  expect(decode((await loginForTokens()).idToken)['name']).toBe('Ada Lovelace')
})
