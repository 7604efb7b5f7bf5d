import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EndReason } from '#users/grants/grant.ts'
import { REFRESHES_PER_GRANT } from '#users/bounds.ts'
import { block } from '../acts.ts'
import { Client } from '../faults/client.ts'
import { families, switches } from '../pingone.ts'
import { ORIGIN } from '../settings.ts'
import { unauthorized } from './denials.ts'
import { type Caller, callTool, idOf, readDenied } from './door.ts'
import {
  postToken,
  denialText,
  endedSentence,
  refreshDenial,
  DAY,
  passSeconds,
  MINUTE,
  startClock,
  stopClock,
} from './support.ts'

beforeEach(stopClock)
afterEach(() => {
  startClock()
  Object.assign(switches, { accessTokenSeconds: 3600, hasRefreshTokens: true })
})

/** Signs in and opens a session. */
async function signIn(client: Client, subject?: string): Promise<void> {
  await client.signIn(subject)
  expect(await client.call('session', 'listTodos')).toBe('ok')
}

/** undefined: covered by a separate test, with other settings or without a token. */
const endings: Record<EndReason, ((client: Client) => Promise<unknown>) | undefined> = {
  revoked_by_client: async (client) => {
    await signIn(client)
    await postToken({ client_id: client.id, token: client.tokens.refresh_token })
  },
  code_reused: async (client) => {
    const code = await client.login().toCode()
    expect(await client.redeem(code)).toBe('ok')
    await client.openSession()
    expect(await client.redeem(code)).toBe('400 invalid_grant')
  },
  code_not_redeemed: undefined,
  key_retired: undefined,
  claims_too_old: undefined,
  refresh_reused: async (client) => {
    await signIn(client)
    const first = client.tokens.refresh_token
    expect(await client.refresh()).toBe('ok')
    expect(await client.call('session', 'listTodos')).toBe('ok')
    passSeconds(MINUTE)
    expect(await refreshDenial(client, first)).toBe(denialText('refresh_reused'))
  },
  pingone_ended: async (client) => {
    switches.accessTokenSeconds = 90
    await signIn(client)
    const family = families.at(-1)
    if (family !== undefined) family.isAlive = false
    passSeconds(MINUTE)
    expect(await client.call('stateless', 'listTodos')).toContain('401')
  },
  downstream_expired: async (client) => {
    switches.hasRefreshTokens = false
    await signIn(client)
    passSeconds(3600)
  },
  idle: async (client) => {
    await signIn(client)
    passSeconds(30 * DAY)
  },
  too_old: async (client) => {
    await signIn(client)
    for (let age = 29; age < 90; age += 29) {
      passSeconds(29 * DAY)
      expect(await client.refresh()).toBe('ok')
    }
    passSeconds(3 * DAY)
  },
  refreshed_too_often: async (client) => {
    await signIn(client)
    const [grant] = await client.user.listGrants()
    await runInDurableObject(client.user, (_user, { storage }) =>
      storage.kv.put(`refreshes:${grant?.id}:`, { count: REFRESHES_PER_GRANT, recent: [] }),
    )
    expect(await client.refresh()).not.toBe('ok')
  },
  cap: async (client) => {
    const subject = crypto.randomUUID()
    await signIn(client, subject)
    passSeconds(2 * 3600)
    for (let more = 0; more < 2; more += 1) await (await Client.register()).signIn(subject)
  },
  ended_by_user: async (client) => {
    await signIn(client)
    await client.user.endAll('ended_by_user')
  },
  ended_by_operator: async (client) => {
    await signIn(client)
    await client.user.endAll('ended_by_operator')
  },
  blocked: async (client) => {
    await signIn(client)
    await block(client.user)
  },
}

const possible = EndReason.options.filter((reason) => endings[reason] !== undefined)

test.for(possible)(
  '"%s" is what a client hears at /token, and on both transports of /mcp',
  async (reason) => {
    const client = await Client.register()
    await endings[reason]?.(client)
    const common = { client, bearer: client.tokens.access_token, origin: ORIGIN, question: null }
    const callers: Caller[] = [
      { ...common, revision: '2026-07-28', session: null },
      { ...common, revision: '2025-11-25', session: client.session },
    ]
    const answers = await Promise.all(callers.map((caller) => callTool(caller, { name: 'listTodos' })))
    const denied = unauthorized(endedSentence(reason))
    expect(answers.map(readDenied)).toEqual(callers.map((caller) => ({ ...denied, id: idOf(caller) })))
    expect(await refreshDenial(client)).toBe(denialText(reason))
  },
)

test('C8 a client that registers anew at each login replaces its own oldest grant first, and nobody else’s', async () => {
  const subject = crypto.randomUUID()
  const other = await (await Client.register('http://localhost:4000/cb', 'Editor')).signIn(subject)
  passSeconds(2 * 3600)
  const logins: Client[] = []
  for (let port = 5000; port < 5004; port += 1) {
    logins.push(await (await Client.register(`http://localhost:${port}/cb`, 'Tool')).signIn(subject))
    passSeconds(2 * 3600)
  }
  // The editor's grant was unused the longest.
  expect(await other.refresh()).toBe('ok')
  expect(await logins.at(-1)?.refresh()).toBe('ok')
  for (const earlier of logins.slice(0, -1)) expect(await refreshDenial(earlier)).toBe(denialText('cap'))
  // Another name, path or host is another client. Then the least recently used grant is evicted.
  passSeconds(2 * 3600)
  expect(await logins.at(-1)?.refresh()).toBe('ok')
  await (await Client.register('http://127.0.0.1:5005/cb', 'Tool')).signIn(subject)
  expect(await refreshDenial(other)).toBe(denialText('cap'))
  expect(await logins.at(-1)?.refresh()).toBe('ok')
})

test('the alarm comes to the same reason as a request that comes before it', async () => {
  for (const reason of ['idle', 'too_old', 'downstream_expired'] as const) {
    const client = await Client.register()
    await endings[reason]?.(client)
    // A record of the library outlives its grant by up to a minute (Workers KV's minimum).
    passSeconds(2 * MINUTE)
    await runDurableObjectAlarm(client.user)
    expect((await client.user.listGrants()).map(({ ended }) => ended?.reason)).toEqual([reason])
    Object.assign(switches, { hasRefreshTokens: true })
  }
})

test('a code that nobody redeemed ends with its reason, and so do the tokens at PingOne', async () => {
  const client = await Client.register()
  const code = await client.login().toCode()
  const family = families.at(-1)
  client.tokens.access_token = code
  passSeconds(10 * MINUTE + 1)
  await runDurableObjectAlarm(client.user)
  expect(family?.isAlive).toBe(false)
  const answer = await postToken({ client_id: client.id, grant_type: 'authorization_code', code })
  expect(answer.text).toContain(endedSentence('code_not_redeemed'))
})

test.for([90 * DAY - 59, 90 * DAY - 1, 90 * DAY, 90 * DAY + 1, 90 * DAY + 61, 91 * DAY])(
  'a refresh after %d seconds ends the grant because it is too old, and says so',
  async (age) => {
    const client = await (await Client.register()).signIn()
    for (let day = 29; day < 90; day += 29) {
      passSeconds(29 * DAY)
      expect(await client.refresh()).toBe('ok')
    }
    passSeconds(age - 87 * DAY)
    expect(await refreshDenial(client)).toBe(denialText('too_old'))
    expect((await client.user.listGrants()).map(({ ended }) => ended?.reason)).toEqual(['too_old'])
  },
)

test('who is not the client cannot end a grant by being early, and it is refused as ever', async () => {
  const client = await (await Client.register()).signIn()
  const stranger = await Client.register()
  passSeconds(30 * DAY - 30)
  expect(await refreshDenial(stranger, client.tokens.refresh_token)).not.toContain('ended')
  expect((await client.user.listGrants()).map(({ ended }) => ended)).toEqual([null])
  expect(await refreshDenial(client)).toBe(denialText('idle'))
})
