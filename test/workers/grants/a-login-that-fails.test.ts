import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { runDurableObjectAlarm } from 'cloudflare:test'
import { block } from '../acts.ts'
import { Client } from '../faults/client.ts'
import { unwatchDeadlines, watchDeadlines } from '../faults/deadlines.ts'
import { breakDown, heal } from '../faults/faults.ts'
import { expectTokensWork } from '../faults/journeys.ts'
import { families } from '../pingone.ts'

// A failed login must not leave live tokens at PingOne.
beforeAll(watchDeadlines)
afterEach(heal)
afterAll(unwatchDeadlines)

test.for(['user', 'kv'] as const)(
  'wherever a login breaks because %s fails, PingOne has its tokens back',
  async (target) => {
    const areAlive: boolean[] = []
    let word = ''
    for (let after = 0; word !== 'ok'; after += 1) {
      const login = await (await Client.register()).login().toCallback()
      const before = families.length
      breakDown(target, '500', { after })
      word = await login.step()
      heal()
      // Whether tokens are still alive, if the login got as far as tokens.
      if (families.length > before) areAlive.push(families.at(-1)?.isAlive === true)
    }
    expect(areAlive.pop()).toBe(true)
    expect(areAlive).not.toContain(true)
    expect(areAlive.length).toBeGreaterThanOrEqual(target === 'user' ? 1 : 0)
  },
)

test('a message that arrived late does no harm: its grant cannot be opened, and the login goes on', async () => {
  const client = await Client.register()
  const login = await client.login().toCallback()
  breakDown('user', 'timeout')
  expect(await login.step()).toBe('try')
  heal()
  expect(families.at(-1)?.isAlive).toBe(false)
  expect(await client.redeem(await login.toCode())).toBe('ok')
  await expectTokensWork(client)
})

test('a user who was blocked during the login gets no code, and PingOne has the tokens back', async () => {
  const subject = crypto.randomUUID()
  const { user } = await (await Client.register()).signIn(subject)
  const login = await (await Client.register()).login(subject).toCallback()
  await block(user)
  expect(await login.step()).toBe('client hears access_denied')
  await runDurableObjectAlarm(user)
  expect(families.slice(-2).map(({ isAlive }) => isAlive)).toEqual([false, false])
  expect((await user.listGrants()).map(({ ended }) => ended?.reason)).toEqual(['blocked'])
})
