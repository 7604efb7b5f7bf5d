import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeEach, expect, test, vi } from 'vitest'
import { Tenant } from '../src/tenant.ts'
import { basic, resetEmulator, setSwitches } from './application.ts'
import { clientId, clientSecret, issuer } from './browser.ts'

beforeEach(resetEmulator)

/** A token request to a tenant with other settings and the same storage. */
function requestTokenWith(
  settings: Partial<Env>,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope: 'todo:read', ...fields })
  const stub = env.TENANT.getByName('tenant')
  return runInDurableObject(stub, async (_, state) => {
    const tenant = new Tenant(state, { ...env, ...settings })
    return (await tenant.fetch(new Request(`${issuer}/token`, { method: 'POST', body, headers }))).status
  })
}

async function makeAssertion(changes: Readonly<Record<string, unknown>> = {}) {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const seconds = Math.floor(Date.now() / 1000)
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: issuer,
    exp: seconds + 60,
    jti: crypto.randomUUID(),
    ...changes,
  }
  const assertion = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(privateKey)
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }] })
  const fields = {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  }
  return { fields, jwks }
}

test('client_secret_post takes the secret in the body and nothing else', async () => {
  const settings = { EMULATOR_CLIENT_AUTH: 'client_secret_post' }
  expect(await requestTokenWith(settings, { client_id: clientId, client_secret: clientSecret })).toBe(200)
  expect(await requestTokenWith(settings, { client_id: clientId, client_secret: 'wrong' })).toBe(401)
  expect(await requestTokenWith(settings, {}, { authorization: basic })).toBe(401)
})

test('private_key_jwt takes an assertion once, by a key of the JWKS setting', async () => {
  const { fields, jwks } = await makeAssertion()
  const settings = { EMULATOR_CLIENT_AUTH: 'private_key_jwt', EMULATOR_CLIENT_JWKS: jwks }
  expect(await requestTokenWith(settings, fields)).toBe(200)
  expect(await requestTokenWith(settings, fields)).toBe(401)
})

test('private_key_jwt fetches the keys when it has their address', async () => {
  const { fields, jwks } = await makeAssertion({ aud: `${issuer}/token` })
  const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response(jwks))
  const settings = {
    EMULATOR_CLIENT_AUTH: 'private_key_jwt',
    EMULATOR_CLIENT_JWKS_URI: 'http://localhost:8787/jwks',
  }
  expect(await requestTokenWith(settings, fields)).toBe(200)
  expect(fetched).toHaveBeenCalledOnce()
  fetched.mockRestore()
})

test('keys that were fetched are kept as long as the switch says, unknown kid or not', async () => {
  const [a, b] = [await makeAssertion(), await makeAssertion()]
  const [published, later] = [a.jwks, b.jwks]
  const settings = {
    EMULATOR_CLIENT_AUTH: 'private_key_jwt',
    EMULATOR_CLIENT_JWKS_URI: 'http://localhost:8787/jwks',
  }
  const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response(published))
  await setSwitches({ clientKeysSeconds: 600 })
  expect(await requestTokenWith(settings, a.fields)).toBe(200)
  fetched.mockImplementation(async () => new Response(later))
  expect(await requestTokenWith(settings, b.fields)).toBe(401)
  await setSwitches({ clientKeysSeconds: null })
  expect(await requestTokenWith(settings, b.fields)).toBe(200)
  fetched.mockRestore()
})

test.each([
  ['another audience', { aud: 'https://example.com' }],
  ['another issuer', { iss: 'stranger' }],
  ['another subject', { sub: 'stranger' }],
  ['no expiry', { exp: undefined }],
  ['an expiry that is over', { exp: 1 }],
])('private_key_jwt refuses an assertion with %s', async (_, changes) => {
  const { fields, jwks } = await makeAssertion(changes)
  const settings = { EMULATOR_CLIENT_AUTH: 'private_key_jwt', EMULATOR_CLIENT_JWKS: jwks }
  expect(await requestTokenWith(settings, fields)).toBe(401)
})

test('private_key_jwt refuses an assertion by another key', async () => {
  const { fields } = await makeAssertion()
  const { jwks } = await makeAssertion()
  const settings = { EMULATOR_CLIENT_AUTH: 'private_key_jwt', EMULATOR_CLIENT_JWKS: jwks }
  expect(await requestTokenWith(settings, fields)).toBe(401)
})

test('all bad settings are named at once, and no value is', async () => {
  const start = () =>
    requestTokenWith({ EMULATOR_CLIENT_SECRET: '', EMULATOR_ORIGIN: 'http://localhost:8789/x' }, {})
  await expect(start()).rejects.toThrow(/settings: EMULATOR_ORIGIN, EMULATOR_CLIENT_SECRET$/)
})
