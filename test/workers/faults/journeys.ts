import { runDurableObjectAlarm } from 'cloudflare:test'
import { expect } from 'vitest'
import { Client, type Lane, lanes } from './client.ts'
import { clocks, type Step, type Target } from './faults.ts'
import { families, switches } from './pingone.ts'
import { written } from './todo-api.ts'
import { startIsolate } from './world.ts'

/** One try of a step: what happens under the fault, and how it goes on when the fault has ended. */
export interface Try {
  go: () => Promise<string>
  goOn: () => Promise<void>
}
/** Made once for a row of the table, so that one client lives through all its faults; prepares one try. */
export type Journey = () => Promise<Try>

const isRenewing = (target: Target) => target === 'discovery' || target === 'keys' || target === 'token'

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
        lanes.map(async (lane) => call(await signedIn(newClient, target), lane, 'listTodos')),
      )
    case 'write':
      return Promise.all(lanes.map(async (lane) => call(await signedIn(newClient, target), lane, 'addTodo')))
    default:
      return step satisfies never
  }
}

async function signedIn(newClient: () => Client | Promise<Client>, target: Target): Promise<Client> {
  switches.accessTokenSeconds = isRenewing(target) ? 30 : target === 'api' ? 200 : 3600
  const client = await (await newClient()).signIn()
  await client.openSession()
  return client
}

const works = async (client: Client) => {
  expect(await client.call('stateless', 'listTodos')).toBe('ok')
  expect(await client.refresh()).toBe('ok')
}

/** Opens the page and approves; stops where something is wrong. */
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
    // The person has one grant less than they may: one that was counted twice would cost the other client its own.
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

/** A grant more than a person may have: the oldest ends, and PingOne is to be told of it. */
const oneTooMany = async (): Promise<Journey> => async () => {
  const subject = crypto.randomUUID()
  const [oldest, other, third] = await Promise.all([Client.register(), Client.register(), Client.register()])
  await oldest.signIn(subject)
  const family = families.at(-1)
  clocks.person = 10
  await other.signIn(subject)
  const login = await third.login(subject).toCallback()
  return {
    async go() {
      const word = await login.step()
      await runDurableObjectAlarm(oldest.person)
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
  clocks.person = 600
  await runDurableObjectAlarm(client.person)
  clocks.person = 0
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
        await runDurableObjectAlarm(client.person)
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

const times = (text: string) => written.filter((one) => one === text).length

/** How often a write was carried out, after which answer. `unknown` is neither: once, or not at all. */
const carriedOut = (word: string): readonly number[] =>
  word === 'unknown' ? [0, 1] : word === 'ok' ? [1] : [0]

const call =
  (client: Client, lane: Lane, tool: 'listTodos' | 'addTodo'): Journey =>
  async () => {
    startIsolate()
    const text = crypto.randomUUID()
    const input = tool === 'addTodo' ? { text } : {}
    let word = ''
    return {
      async go() {
        word = await client.call(lane, tool, input)
        return word
      },
      async goOn() {
        if (tool === 'addTodo') expect(carriedOut(word)).toContain(times(text))
        if (word === 'unknown') await expect.poll(() => client.lastOutcome()).toBe('unknown')
        // What was not begun may be sent again, and is done once then.
        if (word === 'later') expect(await client.call(lane, tool, input)).toBe('ok')
        expect(times(text)).toBeLessThanOrEqual(1)
        expect(await client.call(lane, 'listTodos')).toBe('ok')
      },
    }
  }
