import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { Secret } from '#lib/secret.ts'
import { readSigningKeys } from '#lib/signing-keys.ts'
import { makePrivateJwk, privatePartsOf, publicHalfOf } from '#harness/make-private-jwk.ts'
import { CLIENT_ID, ISSUER, playPingOne } from './play-pingone.ts'

const [a, b] = [makePrivateJwk('a'), makePrivateJwk('b')]
const clientAuth = (...keys: readonly object[]) => {
  const read = readSigningKeys(JSON.stringify({ keys }))
  if (!read.ok) throw new Error(read.error)
  return { method: 'private_key_jwt' as const, keys: read.value }
}
const done = () => new Response(null)
const dead = () => Response.json({ error: 'invalid_grant' }, { status: 400 })
// Without `alg`: the header alone must name the algorithm.
const KEYS = createLocalJWKSet({
  keys: [a, b].map(publicHalfOf).map(({ alg: _alg, ...half }) => half),
})
const verify = (assertion: string | null) =>
  jwtVerify(assertion ?? '', KEYS, {
    algorithms: ['RS256', 'RS512'],
  })

test('every request has an assertion of its own, for this issuer, for a minute, by the first key', async () => {
  const { client, requests } = playPingOne({ clientAuth: clientAuth(b, a) }, ({ path }) =>
    path === '/token' ? dead() : done(),
  )
  await client.revoke('one')
  await client.revoke('two')
  await client.refresh('three', ['todo:read'], crypto.randomUUID())
  const ids = new Set<unknown>()
  for (const { form, authorization } of requests) {
    expect(authorization).toBeNull()
    expect(form.has('client_secret')).toBe(false)
    expect(form.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    const { payload, protectedHeader } = await verify(form.get('client_assertion'))
    expect(protectedHeader).toEqual({ alg: 'RS256', kid: 'b' })
    expect(payload).toMatchObject({ iss: CLIENT_ID, sub: CLIENT_ID, aud: ISSUER })
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(60)
    ids.add(payload.jti)
  }
  expect(requests.map(({ path }) => path)).toEqual(['/revoke', '/revoke', '/token'])
  expect(ids.size).toBe(3)
})

test('the assertion has the algorithm that the key says', async () => {
  const { client, requests } = playPingOne({ clientAuth: clientAuth({ ...a, alg: 'RS512' }) }, done)
  await client.revoke('one')
  const assertion = requests[0]?.form.get('client_assertion') ?? ''
  expect(decodeProtectedHeader(assertion)).toEqual({ alg: 'RS512', kid: 'a' })
  await verify(assertion)
})

test('a key whose parts do not fit is for the operator, is not sent, and is not spelled out', async () => {
  const mixed = { ...a, d: b.d, p: b.p, dp: b.dp }
  const { client, requests } = playPingOne({ clientAuth: clientAuth(mixed) }, done)
  const revoked = await client.revoke('one')
  expect(revoked).toEqual({
    ok: false,
    error: { reason: 'misconfigured', detail: 'MCP_SERVER_PRIVATE_KEY does not sign' },
  })
  expect(requests).toEqual([])
  for (const part of privatePartsOf(mixed)) expect(JSON.stringify(revoked)).not.toContain(part)
})

test('a key that PingOne does not know is for the operator, and a grant lives on', async () => {
  const { client } = playPingOne({ clientAuth: clientAuth(a) }, () =>
    Response.json({ error: 'invalid_client' }, { status: 401 }),
  )
  expect(await client.refresh('token', ['todo:read'], crypto.randomUUID())).toMatchObject({
    ok: false,
    error: { reason: 'misconfigured', detail: 'invalid_client' },
  })
})

test.each(['client_secret_basic', 'client_secret_post'] as const)('%s sends no assertion', async (method) => {
  const { client, requests } = playPingOne({ clientAuth: { method, secret: new Secret('s3cret') } }, done)
  await client.revoke('one')
  const [sent] = requests
  expect(sent?.form.has('client_assertion')).toBe(false)
  expect(sent?.authorization === null).toBe(method === 'client_secret_post')
  expect(sent?.form.get('client_secret')).toBe(method === 'client_secret_post' ? 's3cret' : null)
})
