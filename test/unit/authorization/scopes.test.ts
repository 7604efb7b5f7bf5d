import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OfferedScope } from '#catalog/offered-scopes.ts'
import {
  approvedScopes,
  grantedScopes,
  inForce,
  upstreamScopes,
  wantedScopes,
} from '#authorization/scopes.ts'

const scope = (value: string, upstream: string, rest: Partial<OfferedScope> = {}): OfferedScope => ({
  value,
  upstream,
  sentence: value,
  action: value,
  isRequired: false,
  writes: false,
  impliedBy: [],
  ...rest,
})
const api = {
  identifier: 'https://api.example',
  url: null,
  scopes: [scope('todo:read', 'api:r', { isRequired: true }), scope('todo:write', 'api:w', { writes: true })],
}

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
  expect(wantedScopes(requested, api)).toEqual(wanted)
})

test('whatever is asked, ticked and given, a grant is the intersection, and never writes without reading', () => {
  const requestable = fc.constantFrom('todo:read', 'todo:write', 'offline_access', 'other')
  const granted = fc.constantFrom('api:r', 'api:w', 'todo:read', 'api:write', 'api')
  fc.assert(
    fc.property(
      fc.array(requestable),
      fc.array(requestable),
      fc.array(granted),
      (requested, ticked, fromPingOne) => {
        const approved = approvedScopes(wantedScopes(requested, api), ticked, api)
        const granted = grantedScopes(approved, fromPingOne, api)
        const mayWrite =
          requested.includes('todo:write') && ticked.includes('todo:write') && fromPingOne.includes('api:w')
        const mayRead = fromPingOne.includes('api:r')
        expect(granted).toEqual(mayRead ? (mayWrite ? ['todo:read', 'todo:write'] : ['todo:read']) : [])
      },
    ),
  )
})

test('of a read-only server nothing but reading is in force', () => {
  const scopes = ['todo:read', 'todo:write', 'offline_access']
  expect(inForce(scopes, { isReadOnly: true, api })).toEqual(['todo:read', 'offline_access'])
  expect(inForce(scopes, { isReadOnly: false, api })).toEqual(scopes)
})

test('PingOne is asked in the words of its tenant', () => {
  expect(upstreamScopes(['todo:read', 'todo:write'], api)).toEqual(['api:r', 'api:w'])
})

const notes = {
  ...api,
  scopes: [
    scope('notes:read', 'n.r', { impliedBy: ['notes:write'] }),
    scope('notes:write', 'n.w', { writes: true, impliedBy: ['notes:share'] }),
    scope('notes:share', 'n.s', { writes: true }),
  ],
}

test('of a product without a required scope, any part can be requested, approved and granted', () => {
  expect(wantedScopes([], notes)).toEqual(['notes:read'])
  expect(wantedScopes(['openid'], notes)).toEqual(['notes:read'])
  expect(wantedScopes(['notes:read'], notes)).toEqual(['notes:read'])
  expect(wantedScopes(['notes:write'], notes)).toEqual(['notes:read', 'notes:write'])
  expect(wantedScopes(['notes:share'], notes)).toEqual(['notes:read', 'notes:write', 'notes:share'])
  expect(approvedScopes(['notes:write', 'notes:share'], ['notes:share'], notes)).toEqual(['notes:share'])
  expect(grantedScopes(['notes:write', 'notes:share'], ['n.s'], notes)).toEqual(['notes:share'])
  expect(grantedScopes(['notes:share'], ['n.r'], notes)).toEqual([])
  expect(upstreamScopes(['notes:share', 'unknown'], notes)).toEqual(['n.s'])
  expect(inForce(['notes:read', 'notes:share'], { isReadOnly: true, api: notes })).toEqual(['notes:read'])
})
