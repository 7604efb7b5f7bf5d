import { runDurableObjectAlarm } from 'cloudflare:test'
import { expect } from 'vitest'
import { callJourney, signedIn } from './call-journey.ts'
import { Client, transports } from './client.ts'
import { clocks, type Step, type Target } from './faults.ts'
import { type Journey, works } from './journey.ts'
import { families } from './pingone.ts'
import { startIsolate } from './world.ts'

export async function journeysOf(target: Target, step: Step): Promise<readonly Journey[]> {
  const newClient = () => (target === 'document' ? Client.withDocument() : Client.register())
  switch (step) {
    case 'authorize':
      return [authorize(await newClient())]
    case 'callback':
      return [target === 'revoke' ? await oneTooMany() : callback(await newClient())]
    case 'exchange':
      return [exchange(await newClient(), target)]
    case 'refresh':
      return [refresh(await (await newClient()).signIn())]
    case 'read':
      return Promise.all(
        transports.map(async (transport) =>
          callJourney(await signedIn(await newClient(), target), transport, 'listTodos'),
        ),
      )
    case 'write':
      return Promise.all(
        transports.map(async (transport) =>
          callJourney(await signedIn(await newClient(), target), transport, 'addTodo'),
        ),
      )
    default:
      return step satisfies never
  }
}

/** Opens the page and approves. Stops at the first failure. */
const authorize =
  (client: Client): Journey =>
  async () => {
    const login = client.login()
    startIsolate()
    return {
      async go() {
        const shown = await login.step()
        return shown === 'ok' ? login.step() : shown
      },
      async goOn() {
        expect(await client.redeem(await login.toCode())).toBe('ok')
        await works(client)
      },
    }
  }

const callback =
  (client: Client): Journey =>
  async () => {
    // The user is one grant below the limit: a grant that counted twice would evict the other client's.
    const subject = crypto.randomUUID()
    const other = await (await Client.register()).signIn(subject)
    const login = await client.login(subject).toCallback()
    startIsolate()
    return {
      go: () => login.step(),
      async goOn() {
        expect(await client.redeem(await login.toCode())).toBe('ok')
        await Promise.all([works(client), works(other)])
      },
    }
  }

/** One grant above the limit: the oldest ends and must be revoked at PingOne. */
const oneTooMany = async (): Promise<Journey> => async () => {
  const subject = crypto.randomUUID()
  const [oldest, other, third] = await Promise.all([Client.register(), Client.register(), Client.register()])
  await oldest.signIn(subject)
  const family = families.at(-1)
  clocks.user = 10
  await other.signIn(subject)
  const login = await third.login(subject).toCallback()
  return {
    async go() {
      const word = await login.step()
      await runDurableObjectAlarm(oldest.user)
      return word
    },
    async goOn() {
      expect(await third.redeem(await login.toCode())).toBe('ok')
      await Promise.all([works(other), works(third)])
      expect(await oldest.refresh()).toBe('400 invalid_grant')
      await isTold(oldest, () => family?.isAlive === false)
    },
  }
}

async function isTold(client: Client, isSo: () => boolean): Promise<void> {
  clocks.user = 600
  await runDurableObjectAlarm(client.user)
  clocks.user = 0
  expect(isSo()).toBe(true)
}

const exchange =
  (client: Client, target: Target): Journey =>
  async () => {
    const code = await client.login().toCode()
    if (target !== 'revoke') {
      return {
        go: () => client.redeem(code),
        async goOn() {
          if (client.tokens.access_token === '') expect(await client.redeem(code)).toBe('ok')
          await works(client)
          client.tokens = { access_token: '', refresh_token: '' }
        },
      }
    }
    const family = families.at(-1)
    await client.redeem(code)
    return {
      async go() {
        const word = await client.redeem(code)
        await runDurableObjectAlarm(client.user)
        return word === '400 invalid_grant' ? 'ended' : word
      },
      goOn: () => isTold(client, () => family?.isAlive === false),
    }
  }

const refresh =
  (client: Client): Journey =>
  async () => ({
    go: () => client.refresh(),
    async goOn() {
      expect(await client.refresh()).toBe('ok')
      await works(client)
    },
  })
