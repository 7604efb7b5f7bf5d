import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  approvedScopes,
  grantedScopes,
  inForce,
  upstreamScopes,
  wantedScopes,
} from '#authorization/scopes.ts'

const names = { scopeRead: 'api:r', scopeWrite: 'api:w' }

test.each([
  [[], ['todo:read']],
  [['todo:read'], ['todo:read']],
  [['todo:write'], ['todo:read', 'todo:write']],
  [
    ['todo:read', 'todo:write', 'offline_access', 'admin'],
    ['todo:read', 'todo:write'],
  ],
  [['offline_access', 'openid'], ['todo:read']],
])('a request for %j comes down to %j', (requested, wanted) => {
  expect(wantedScopes(requested)).toEqual(wanted)
})

test('whatever is asked, ticked and given, a grant is the intersection, and never writes without reading', () => {
  const scope = fc.constantFrom('todo:read', 'todo:write', 'offline_access', 'other')
  const given = fc.constantFrom('api:r', 'api:w', 'todo:read', 'api:write', 'api')
  fc.assert(
    fc.property(fc.array(scope), fc.array(scope), fc.array(given), (requested, ticked, fromPingOne) => {
      const approved = approvedScopes(wantedScopes(requested), ticked)
      const granted = grantedScopes(approved, fromPingOne, names)
      const mayWrite =
        requested.includes('todo:write') && ticked.includes('todo:write') && fromPingOne.includes('api:w')
      const mayRead = fromPingOne.includes('api:r')
      expect(granted).toEqual(mayRead ? (mayWrite ? ['todo:read', 'todo:write'] : ['todo:read']) : [])
    }),
  )
})

test('of a read-only server nothing but reading is in force', () => {
  const scopes = ['todo:read', 'todo:write', 'offline_access']
  expect(inForce(scopes, { isReadOnly: true })).toEqual(['todo:read', 'offline_access'])
  expect(inForce(scopes, { isReadOnly: false })).toEqual(scopes)
})

test('PingOne is asked in the words of its tenant', () => {
  expect(upstreamScopes(['todo:read', 'todo:write'], names)).toEqual(['api:r', 'api:w'])
})
