import { beforeEach, expect, test } from 'vitest'
import { POLICY, SETTINGS } from '../settings.ts'
import { pingone } from './pingone.ts'
import { intent, newGrant, userOf, tokenOf } from './story.ts'

// Violates every check of a refreshed token, one at a time (OpenID Connect Core §12.2).
beforeEach(() => pingone.reset())

/** Ada's grant, whose PingOne token the next call must refresh. */
async function adasGrant() {
  const user = await userOf('ada')
  const id = crypto.randomUUID()
  const endsSoon = Math.floor(Date.now() / 1000) + 30
  await user.openGrant(await newGrant({ id, downstreamEndsAtSeconds: endsSoon }))
  return async () => user.beginCall(intent({ grant: id }))
}

test.for([
  ['with an id token of the same user', { id: {} }],
  ['with an id token that does not say which flow ran', { id: { acr: undefined } }],
  ['without an id token', {}],
  [
    'with the flow in the access token',
    { access: { acr: POLICY, client_id: SETTINGS.MCP_SERVER_CLIENT_ID } },
  ],
] as const)('a refresh %s is used', async ([, overrides]) => {
  const begin = await adasGrant()
  Object.assign(pingone, overrides)
  expect(tokenOf(await begin())).toMatch(/^eyJ/)
})

test.for([
  ['access token of another issuer', { access: { iss: 'https://auth.pingone.test/other/as' } }],
  ['access token for another API', { access: { aud: 'another-api' } }],
  ['access token of another user', { access: { sub: 'bob' } }],
  ['access token of no user', { access: { sid: undefined } }],
  ['access token by another flow', { access: { acr: 'Single_Factor' } }],
  ['access token for another application', { access: { client_id: 'another' } }],
  ['access token signed by somebody else', { access: { isForeign: true } }],
  ['id token of another issuer', { id: { iss: 'https://auth.pingone.test/other/as' } }],
  ['id token for another application', { id: { aud: 'another' } }],
  ['id token of another user', { id: { sub: 'bob' } }],
  ['id token by another flow', { id: { acr: 'Single_Factor' } }],
  ['id token of another access token', { id: { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' } }],
  ['id token signed by somebody else', { id: { isForeign: true } }],
] as const)(
  'a refresh that brings an %s is not used, ends nothing, and its refresh token is kept',
  async ([, overrides]) => {
    const begin = await adasGrant()
    Object.assign(pingone, overrides)
    expect(await begin()).toMatchObject({ verdict: 'unavailable' })
    expect(await begin()).toMatchObject({ verdict: 'unavailable' })
    Object.assign(pingone, { access: {}, id: null })
    expect(tokenOf(await begin())).toMatch(/^eyJ/)
    expect(pingone).toMatchObject({ redemptions: 3, reuses: 0 })
    expect(pingone.live.size).toBe(1)
  },
)
