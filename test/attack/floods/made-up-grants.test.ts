import { expect, test } from 'vitest'
import { z } from 'zod'
import { newToken, userNamed, random } from '../../workers/stored-bearer.ts'
import { ask, bearer, flood, serverWith } from './server.ts'

// A new grant, page or user in each request still counts for one network.
// More than two windows of the platform's counter, because one may end meanwhile.
const MANY = 1300

test('another grant of a real user with each bearer counts for the network, and no good bearer waits for it', async () => {
  const send = serverWith()
  const from = '192.0.2.20'
  const user = await userNamed('ada')
  const token = await newToken(user)
  const made = () => `${user.id}:${random(16)}:${random(32)}`
  const { statuses } = await flood(MANY, () => send('/mcp', { from, headers: bearer(made()) }))
  expect(statuses[429]).toBeGreaterThan(0)
  expect((await ask(send, token, { from })).status).toBe(200)
})

const Registered = z.object({ client_id: z.string() })

test('another grant with each refresh, code or revocation counts for the network as well', async () => {
  const send = serverWith()
  const user = await userNamed('ada')
  const registered = await send('/register', {
    from: '192.0.2.21',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: ['http://localhost:1/cb'], token_endpoint_auth_method: 'none' }),
  })
  const { client_id } = Registered.parse(JSON.parse(registered.text))
  const made = () => `${user.id}:${random(16)}:${random(32)}`
  const forms = [
    () => ({ grant_type: 'refresh_token', refresh_token: made() }),
    () => ({ grant_type: 'authorization_code', code: made(), code_verifier: random(43) }),
  ]
  for (const [at, form] of forms.entries()) {
    const { statuses } = await flood(MANY, () =>
      send('/token', { from: `198.51.${100 + at}.1`, body: new URLSearchParams({ client_id, ...form() }) }),
    )
    expect(statuses[429]).toBeGreaterThan(0)
  }
})

test('a page session that does not open counts, whoever it names; a browser without one does not', async () => {
  const send = serverWith()
  const user = await userNamed('ada')
  const made = [
    () => `${random(22)}.k1.${random(43)}~${random(43)}`,
    () => `${user.id}~${random(43)}`,
    () => random(60),
  ]
  for (const [at, cookie] of made.entries()) {
    const from = `203.0.${100 + at}.1`
    const { statuses } = await flood(MANY, () =>
      send('/me', { method: 'GET', from, headers: { cookie: `__Host-me=${cookie()}` } }),
    )
    expect(Object.keys(statuses)).toEqual(['200', '429'])
    expect((await send('/me', { method: 'GET', from })).status).toBe(200)
  }
})
