import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { userName } from '#users/base/user-id.ts'
import { ISSUER } from '../settings.ts'
import { Client, type Transport, transports } from './client.ts'
import { type Target, clocks, type Step } from './faults.ts'
import { switches, families } from '../pingone.ts'
import { writes } from '../todo-api.ts'
import { startIsolate } from './world.ts'
import { runDurableObjectAlarm } from 'cloudflare:test'

export type User = Client['user']

/** One attempt at a step: `go` runs under the fault, `goOn` after it. */
export interface Attempt {
  act: () => Promise<string>
  check: () => Promise<void>
  /** The object whose events the step stores; null: none is touched before the end of the login. */
  user: () => Promise<User | null>
}

/** Created once per row of the table, so that one client meets all faults. Prepares one attempt. */
export type Journey = () => Promise<Attempt>

/** The tokens still work: nobody was signed out. */
export const expectTokensWork = async (client: Client) => {
  expect(await client.call('stateless', 'listTodos')).toBe('ok')
  expect(await client.refresh()).toBe('ok')
}

const isRenewing = (target: Target) => target === 'discovery' || target === 'keys' || target === 'token'

/** Signs in with a PingOne token that each call must refresh, if refreshing is what fails. */
export async function signedIn(client: Client, target: Target): Promise<Client> {
  switches.accessTokenSeconds = isRenewing(target) ? 30 : target === 'api' ? 200 : 3600
  await client.signIn()
  await client.openSession()
  return client
}

const times = (text: string) => writes.filter((one) => one.text === text).length

/** How often a write may have been executed after this answer. `unknown`: once or not at all. */
const carriedOut = (word: string): readonly number[] =>
  word === 'unknown' ? [0, 1] : word === 'ok' ? [1] : [0]

/** A tool call on one transport, by a server with empty caches. */
export const callJourney =
  (client: Client, transport: Transport, tool: 'listTodos' | 'addTodo'): Journey =>
  async () => {
    startIsolate()
    const text = crypto.randomUUID()
    const input = tool === 'addTodo' ? { text } : {}
    let word = ''
    return {
      async act() {
        word = await client.call(transport, tool, input)
        return word
      },
      async check() {
        if (tool === 'addTodo') expect(carriedOut(word)).toContain(times(text))
        if (word === 'unknown') await expect.poll(() => client.lastOutcome()).toBe('unknown')
        // A call that did not begin can be sent again and then runs once.
        if (word === 'later') expect(await client.call(transport, tool, input)).toBe('ok')
        expect(times(text)).toBeLessThanOrEqual(1)
        expect(await client.call(transport, 'listTodos')).toBe('ok')
      },
      user: async () => client.user,
    }
  }

export async function journeysOf(target: Target, step: Step): Promise<readonly Journey[]> {
  const newClient = () => (target === 'document' ? Client.withDocument() : Client.register())
  switch (step) {
    case 'register':
      return [registration]
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

const registration: Journey = async () => ({
  act: () => Client.tryToRegister(),
  async check() {
    expect(await Client.tryToRegister()).toBe('ok')
  },
  user: async () => null,
})

/** Opens the page and approves. Stops at the first failure. */
const authorize =
  (client: Client): Journey =>
  async () => {
    const login = client.login()
    startIsolate()
    return {
      async act() {
        const shown = await login.step()
        return shown === 'ok' ? login.step() : shown
      },
      async check() {
        expect(await client.redeem(await login.toCode())).toBe('ok')
        await expectTokensWork(client)
      },
      user: async () => null,
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
      act: () => login.step(),
      async check() {
        expect(await client.redeem(await login.toCode())).toBe('ok')
        await Promise.all([expectTokensWork(client), expectTokensWork(other)])
      },
      user: async () => other.user,
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
    async act() {
      const word = await login.step()
      await runDurableObjectAlarm(oldest.user)
      return word
    },
    async check() {
      expect(await third.redeem(await login.toCode())).toBe('ok')
      await Promise.all([expectTokensWork(other), expectTokensWork(third)])
      expect(await oldest.refresh()).toBe('400 invalid_grant')
      await expectRevoked(oldest, () => family?.isAlive === false)
    },
    user: async () => oldest.user,
  }
}

async function expectRevoked(client: Client, isRevoked: () => boolean): Promise<void> {
  clocks.user = 600
  await runDurableObjectAlarm(client.user)
  clocks.user = 0
  expect(isRevoked()).toBe(true)
}

const exchange =
  (client: Client, target: Target): Journey =>
  async () => {
    const subject = crypto.randomUUID()
    const code = await client.login(subject).toCode()
    const user = async () => env.USER.getByName(await userName(ISSUER, subject))
    if (target !== 'revoke') {
      return {
        act: () => client.redeem(code),
        async check() {
          if (client.tokens.access_token === '') expect(await client.redeem(code)).toBe('ok')
          await expectTokensWork(client)
          client.tokens = { access_token: '', refresh_token: '' }
        },
        user,
      }
    }
    const family = families.at(-1)
    await client.redeem(code)
    return {
      async act() {
        const word = await client.redeem(code)
        await runDurableObjectAlarm(client.user)
        return word === '400 invalid_grant' ? 'ended' : word
      },
      check: () => expectRevoked(client, () => family?.isAlive === false),
      user,
    }
  }

const refresh =
  (client: Client): Journey =>
  async () => ({
    act: () => client.refresh(),
    async check() {
      expect(await client.refresh()).toBe('ok')
      await expectTokensWork(client)
    },
    user: async () => client.user,
  })
