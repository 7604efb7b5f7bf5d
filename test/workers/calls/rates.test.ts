import { evictDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { present } from '../present.ts'
import { begin, giveToken, intent, TOKEN, userWith } from './story.ts'
import { clock, config } from './worker.ts'

const { requestsPerMinute } = config.limits
/** A user whose grant has an access token. */
async function userWithToken(name: string) {
  const user = await userWith(name, 'g1')
  await giveToken(user)
  return { user, ask: () => present(user, 'g1', TOKEN) }
}

test('a grant asks as often as the setting says, at once; then it waits a second, and goes on', async () => {
  const { ask } = await userWithToken('eager')
  for (let count = 0; count < requestsPerMinute; count += 1) {
    expect((await ask()).bearer).not.toBeNull()
  }
  expect(await ask()).toMatchObject({ bearer: null, ended: null, waitSeconds: 1 })
  clock.nowMs += 1000
  expect((await ask()).bearer).not.toBeNull()
})

test('an object that was taken out of memory counts the calls of the last minute, and no others', async () => {
  const { user, ask } = await userWithToken('evicted')
  const call = async () => {
    const message = intent({ key: null, effect: 'read', tool: 'listTodos' })
    expect((await begin(user, message)).verdict).toBe('go')
    return message.transaction
  }
  const old = [await call(), await call()]
  clock.nowMs += 61_000
  for (let more = 1; more < requestsPerMinute; more += 1) await user.endCall(await call(), 'done', null)
  // They ended within the last minute but began earlier.
  for (const transaction of old) await user.endCall(transaction, 'done', null)
  await evictDurableObject(user)
  expect((await ask()).bearer).not.toBeNull()
  expect(await ask()).toMatchObject({ bearer: null, waitSeconds: 1 })
})

test('a token that is not good asks nothing of what the grant has', async () => {
  const { user, ask } = await userWithToken('guessed')
  for (let more = 0; more < 2 * requestsPerMinute; more += 1) {
    expect(await present(user, 'g1', `made-up-${more}`)).toMatchObject({ bearer: null, waitSeconds: 0 })
  }
  expect((await ask()).bearer).not.toBeNull()
})
