import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Client } from '../faults/client.ts'
import { expectTokensWork } from '../faults/journeys.ts'
import { send } from '../faults/send.ts'
import { type Answer, VERIFIER } from '../wire.ts'
import { REDIRECT_URI } from '../settings.ts'
import {
  DAY,
  passSeconds,
  MINUTE,
  startClock,
  stopClock,
  everythingStored,
  shipEverything,
} from './support.ts'

// /token parses its form once: it redeems exactly the token that was presented.
beforeEach(() => {
  stopClock()
  // Alarms are a day away in real time, so that none comes between two snapshots.
  passSeconds(DAY)
})
afterEach(() => {
  startClock()
  vi.restoreAllMocks()
})

const madeUp = 'A'.repeat(32)
const errorOf = ({ text }: Answer): unknown => Object(JSON.parse(text)).error

/** A client whose first refresh token is spent, past its grace period. */
async function robbedClient() {
  const robbed = await (await Client.register()).signIn()
  const spent = robbed.tokens.refresh_token
  await expectTokensWork(robbed)
  await expectTokensWork(robbed)
  passSeconds(MINUTE)
  return { robbed, spent, current: robbed.tokens.refresh_token, access: robbed.tokens.access_token }
}

const post = (pairs: [string, string][]) =>
  send('/token', { method: 'POST', body: new URLSearchParams(pairs) })

test('a spent refresh token beside a made-up code brings nothing, ten times in a row, and ends nothing', async () => {
  const { robbed, spent } = await robbedClient()
  const [user = '', grant = ''] = spent.split(':')
  await shipEverything()
  const before = await everythingStored()
  for (let more = 0; more < 10; more += 1) {
    const answer = await post([
      ['grant_type', 'refresh_token'],
      ['client_id', robbed.id],
      ['refresh_token', spent],
      ['code', `${user}:${grant}:${madeUp}`],
    ])
    expect([answer.status, errorOf(answer)]).toEqual([400, 'invalid_request'])
  }
  expect(await everythingStored()).toEqual(before)
  await expectTokensWork(robbed)
})

test('empty fields are none: a spent token beside them ends its grant, a good one brings the next pair', async () => {
  const logSpy = vi.spyOn(console, 'error')
  const { robbed, spent, current } = await robbedClient()
  const refresh = (token: string): [string, string][] => [
    ['code', ''],
    ['token', ''],
    ['scope', ''],
    ['resource', ''],
    ['grant_type', 'refresh_token'],
    ['client_id', robbed.id],
    ['client_secret', ''],
    ['refresh_token', token],
  ]
  const good = await post(refresh(current))
  expect([good.status, good.text]).toEqual([200, expect.stringContaining('access_token')])
  const bad = await post(refresh(spent))
  expect([bad.status, errorOf(bad)]).toEqual([400, 'invalid_grant'])
  const lines = logSpy.mock.calls.flat().map(String)
  expect(lines.some((line) => line.includes('security.refresh-token-reused'))).toBe(true)
  expect(lines.some((line) => line.includes('storage.unavailable'))).toBe(false)
})

const GRANT_TYPES = ['refresh_token', 'authorization_code', 'client_credentials', 'token', '', null] as const
const EXPECTED: Record<string, string> = { refresh_token: 'refresh_token', authorization_code: 'code' }

test('A1 whatever stands in code, refresh_token and token, and however often: only one, and the one that its grant type redeems', async () => {
  const { robbed, spent, current, access } = await robbedClient()
  const bob = await (await Client.register()).signIn()
  const [user = '', grant = ''] = spent.split(':')
  const [bobsUser = '', bobsGrant = ''] = bob.tokens.access_token.split(':')
  const value = fc.constantFrom(
    '',
    ' ',
    spent,
    current,
    access,
    `${user}:${grant}:${madeUp}`,
    `${bobsUser}:${bobsGrant}:${madeUp}`,
    bob.tokens.refresh_token,
    `${user}:${bobsGrant}:${madeUp}`,
    'a:b:c',
    'x',
  )
  const field = fc.tuple(fc.constantFrom('code', 'refresh_token', 'token'), value)
  const requests = fc.record({
    grantType: fc.constantFrom(...GRANT_TYPES),
    fields: fc.array(field, { minLength: 2, maxLength: 4 }),
    client: fc.constantFrom(robbed.id, bob.id),
    isFirst: fc.boolean(),
  })
  const logSpy = vi.spyOn(console, 'error')
  await shipEverything()
  const before = await everythingStored()
  await fc.assert(
    fc.asyncProperty(requests, async ({ grantType, fields, client, isFirst }) => {
      const type: [string, string][] = grantType === null ? [] : [['grant_type', grantType]]
      const rest: [string, string][] = [
        ['client_id', client],
        ['code_verifier', VERIFIER],
        ['redirect_uri', REDIRECT_URI],
      ]
      const names = fields.map(([name]) => name)
      const isRepeated = new Set(names).size < names.length
      const present = fields.filter(([, text]) => text !== '').map(([name]) => name)
      const expected = grantType === null || grantType === '' ? 'token' : EXPECTED[grantType]
      // A matching single field is an ordinary request, covered elsewhere.
      fc.pre(isRepeated || present.length !== 1 || present[0] !== expected)
      const answer = await post(isFirst ? [...fields, ...type, ...rest] : [...type, ...rest, ...fields])
      expect(answer.text).not.toContain('access_token')
      expect(answer.status).toBeLessThan(500)
      const isUnclear = isRepeated || present.length > 1 || (present.length === 1 && expected !== undefined)
      const denial = isUnclear ? 'invalid_request' : errorOf(answer)
      expect([answer.status, errorOf(answer)]).toEqual([answer.status, denial])
    }),
    { numRuns: 300 },
  )
  expect(await everythingStored()).toEqual(before)
  expect(logSpy.mock.calls).toEqual([])
  await expectTokensWork(robbed)
  await expectTokensWork(bob)
})

test('a code comes to a redirect URI as it was registered, its own query letter by letter', async () => {
  // The login helper accepts only a location that begins with exactly this URI.
  const client = await Client.register('http://localhost:33418/done?b=x+y&a=%7e&&c')
  expect(await client.redeem(await client.login().toCode())).toBe('ok')
})

const NAMES = ['state', 'code', 'error_description', 'iss']
/** Parameters that oauth4webapi also reads, or that no answer has. */
const OTHERS = ['response', 'id_token', 'token', 'session_state', 'expires_in', '']

test('B9 at /callback a parameter without a value was not sent, and one that no answer has is not read', async () => {
  const client = await Client.register()
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(NAMES),
      fc.array(fc.tuple(fc.constantFrom(...OTHERS), fc.constantFrom('', 'x')), { maxLength: 3 }),
      async (empty, more) => {
        const login = await client.login('ada').toCallback()
        const word = await login.callbackWith((answer) => {
          for (const name of empty) if (!answer.has(name)) answer.append(name, '')
          for (const [name, value] of more) answer.append(name, value)
        })
        expect(word).toBe('ok')
      },
    ),
    { numRuns: 25 },
  )
})

test('what is no clear answer of PingOne at /callback uses nothing up', async () => {
  const login = await (await Client.register()).login().toCallback()
  const unclear: ((answer: URLSearchParams) => void)[] = [
    ...NAMES.map((name) => (answer: URLSearchParams) => {
      answer.append(name, answer.get(name) ?? '')
      answer.append(name, answer.get(name) ?? '')
    }),
    (answer) => answer.append('code', ''),
    (answer) => answer.delete('state'),
    (answer) => answer.append('x', 'x'.repeat(20_000)),
  ]
  for (const change of unclear) expect(await login.callbackWith(change)).toBe('400 This link does not work')
  expect(await login.toCode()).not.toBe('')
})
