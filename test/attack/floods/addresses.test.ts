import { expect, test } from 'vitest'
import { newToken, userNamed, random } from '../../workers/stored-bearer.ts'
import { ask, bearer, flood, network, serverWith } from './server.ts'

// Failures count for the network or the grant; successes never count.
const madeUp = () => `${random(22)}.k1.${random(43)}:${random(16)}:${random(32)}`
// More than two windows of the platform's counter, because one may end meanwhile.
const MANY = 1300

test('all users of a hosted client come from one address: thousands of their requests pass while it also fails', async () => {
  const send = serverWith()
  const from = '192.0.2.7'
  const tokens = await Promise.all(
    Array.from({ length: 10 }, async (_, at) => newToken(await userNamed(`claude-${at}`))),
  )
  const failed = await flood(MANY, () => send('/mcp', { from, headers: bearer(madeUp()) }))
  expect(failed.statuses[429]).toBeGreaterThan(0)
  const passed = await flood(2000, (at) => ask(send, tokens[at % 10] ?? '', { from }))
  expect(passed.statuses).toEqual({ 200: 2000 })
})

test('what a client or a proxy writes about addresses changes nothing', async () => {
  const send = serverWith()
  const { statuses } = await flood(MANY, (at) =>
    send('/mcp', {
      from: '198.51.100.9',
      headers: {
        ...bearer(madeUp()),
        'X-Forwarded-For': network(at),
        'X-Real-IP': network(at),
        'True-Client-IP': network(at),
        Forwarded: `for="[${network(at)}]"`,
      },
    }),
  )
  expect(statuses[429]).toBeGreaterThan(0)
})

test.for([
  ['a /24', (at: number) => `203.0.113.${at % 256}`],
  ['a /48', (at: number) => `2001:db8:ffff:${at.toString(16)}::${at.toString(16)}`],
  ['IPv4 written as IPv6', (at: number) => `::ffff:203.0.112.${at % 256}`],
  ['no address at all', () => undefined],
  ['what is no address', (at: number) => `made-up-${at}`],
] as const)('%s is one network, however its addresses rotate', async ([, addressOf]) => {
  const send = serverWith()
  const { statuses } = await flood(MANY, (at) => {
    const from = addressOf(at)
    return send('/mcp', { ...(from === undefined ? {} : { from }), headers: bearer(madeUp()) })
  })
  expect(statuses[429]).toBeGreaterThan(0)
})

test('an old token waits where it fails, and its grant goes on elsewhere', async () => {
  const send = serverWith()
  const user = await userNamed('ada')
  const token = await newToken(user)
  const old = `${token.slice(0, -32)}${random(32)}`
  const thief = { from: '198.51.100.1' }
  const { statuses } = await flood(MANY, () => ask(send, old, thief))
  expect(statuses[429]).toBeGreaterThan(0)
  // The thief's network is blocked for this grant only.
  expect((await ask(send, token, thief)).status).toBe(429)
  expect((await ask(send, await newToken(user), thief)).status).toBe(200)
  expect((await ask(send, token, { from: '192.0.2.1' })).status).toBe(200)
})

test('after a root key was retired everybody hears 401, at one address too', async () => {
  const send = serverWith()
  const users = Array.from({ length: MANY }, () => `${random(22)}.k0.${random(43)}`)
  const { statuses } = await flood(MANY, (at) =>
    ask(send, `${users[at] ?? ''}:${random(16)}:${random(32)}`, { from: '192.0.2.50' }),
  )
  expect(statuses).toEqual({ 401: MANY })
})

test('a connection begins with 401 as often as it likes', async () => {
  const send = serverWith()
  const { statuses } = await flood(MANY, () => send('/mcp', { from: '192.0.2.60' }))
  expect(statuses).toEqual({ 401: MANY })
})
