import { afterEach, beforeEach, expect, test } from 'vitest'
import { Client, transports } from '../faults/client.ts'
import { unwatchDeadlines, watchDeadlines } from '../faults/deadlines.ts'
import { breakDown, heal } from '../faults/faults.ts'
import { groups, switches } from '../pingone.ts'
import { beginPolicies, endPolicies, putInForce } from './policy.ts'
import { denialText, MINUTE, passSeconds, refreshDenial } from './support.ts'

// What becomes of a user whose groups change while a client has access, on both transports.
const STAFF_ONLY = [{ id: 'staff', what: { kind: 'tool' }, who: [{ group: 'staff' }], effect: 'allow' }]

beforeEach(async () => {
  watchDeadlines()
  beginPolicies()
  switches.refreshIdToken = 'whole'
  await putInForce(STAFF_ONLY, { default: 'deny', claimsMaxAgeSeconds: MINUTE })
})
afterEach(async () => {
  heal()
  Object.assign(switches, { refreshIdToken: 'missing', hasRefreshTokens: true })
  groups.clear()
  await endPolicies()
  unwatchDeadlines()
})

async function signIn(subject: string): Promise<Client> {
  const client = await (await Client.register()).signIn(subject)
  await client.openSession()
  return client
}

const callAll = async (client: Client): Promise<string[]> => {
  const words: string[] = []
  for (const transport of transports) words.push(await client.call(transport, 'listTodos'))
  return words
}

test('who loses the group is decided by the new groups once the policy calls the old ones too old', async () => {
  const subject = crypto.randomUUID()
  groups.set(subject, ['staff'])
  const client = await signIn(subject)
  expect(await callAll(client)).toEqual(['ok', 'ok'])
  groups.set(subject, ['guests'])
  expect(await callAll(client)).toEqual(['ok', 'ok'])
  passSeconds(MINUTE + 1)
  for (const word of await callAll(client)) expect(word).toMatch(/^says: /)
  groups.set(subject, ['staff', 'guests'])
  for (const word of await callAll(client)) expect(word).toMatch(/^says: /)
  passSeconds(MINUTE + 1)
  expect(await callAll(client)).toEqual(['ok', 'ok'])
})

test('while PingOne is away a call is later, and never denied; afterwards it works again', async () => {
  const subject = crypto.randomUUID()
  groups.set(subject, ['staff'])
  const client = await signIn(subject)
  passSeconds(MINUTE + 1)
  breakDown('token', '500')
  expect(await callAll(client)).toEqual(['later', 'later'])
  heal()
  expect(await callAll(client)).toEqual(['ok', 'ok'])
})

test('a refresh that does not repeat the groups leaves them too old: later, and never denied', async () => {
  const subject = crypto.randomUUID()
  groups.set(subject, ['staff'])
  const client = await signIn(subject)
  switches.refreshIdToken = 'without-mapped'
  passSeconds(MINUTE + 1)
  expect(await callAll(client)).toEqual(['later', 'later'])
  switches.refreshIdToken = 'whole'
  // PingOne is asked once a minute.
  passSeconds(MINUTE)
  expect(await callAll(client)).toEqual(['ok', 'ok'])
})

test('without a refresh token the client signs in once more, and is told why', async () => {
  switches.hasRefreshTokens = false
  const subject = crypto.randomUUID()
  groups.set(subject, ['staff'])
  const client = await signIn(subject)
  expect(await callAll(client)).toEqual(['ok', 'ok'])
  passSeconds(MINUTE + 1)
  for (const word of await callAll(client)) expect(word).toMatch(/^401 /)
  expect(await refreshDenial(client)).toBe(denialText('claims_too_old'))
  expect((await client.user.listGrants()).map(({ ended }) => ended?.reason)).toEqual(['claims_too_old'])
  expect(await callAll(await signIn(subject))).toEqual(['ok', 'ok'])
})

test('a deny for one of more than 500 groups never fails open: later, on both transports', async () => {
  const guests = { id: 'guests', what: { kind: 'tool' }, who: [{ group: 'guests' }], effect: 'deny' }
  await putInForce([guests], { claimsMaxAgeSeconds: MINUTE })
  const subject = crypto.randomUUID()
  groups.set(subject, ['guests', ...Array.from({ length: 500 }, (_, at) => `group-${at}`)])
  const client = await signIn(subject)
  expect(await callAll(client)).toEqual(['later', 'later'])
  groups.set(subject, ['guests'])
  passSeconds(MINUTE + 1)
  for (const word of await callAll(client)) expect(word).toMatch(/^says: /)
})

test('a policy that reads no claims asks PingOne for none', async () => {
  await putInForce([{ id: 'nothing', what: { kind: 'tool', name: 'addTodo' }, effect: 'deny' }], {
    claimsMaxAgeSeconds: MINUTE,
  })
  const client = await signIn(crypto.randomUUID())
  passSeconds(MINUTE + 1)
  breakDown('token', '500')
  expect(await callAll(client)).toEqual(['ok', 'ok'])
})
