import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SwitchTarget } from '#policy/switches.ts'
import { Client } from '../faults/client.ts'
import { beginPolicies, endPolicies, switchOff } from './policy.ts'
import { postToken, refreshDenial } from './support.ts'

// A switch at /token uses nothing up and signs nobody out.
beforeEach(beginPolicies)
afterEach(endPolicies)

const nameOf = (client: Client): string => client.tokens.access_token.split('.')[0] ?? ''

const targets: readonly [string, (client: Client) => SwitchTarget][] = [
  ['the user', (client) => ({ kind: 'user', value: nameOf(client) })],
  ['the client', ({ id }) => ({ kind: 'client', value: id })],
  ['everything', () => ({ kind: 'everything' })],
]

test.for(targets)(
  '%s switched off: a refresh is later, and the same token works afterwards',
  async ([, target]) => {
    const client = await (await Client.register()).signIn()
    const switchOn = await switchOff(target(client))
    expect(await refreshDenial(client)).toBe(
      "503 temporarily_unavailable An operator of this server has switched this off: It is being 'repaired'. Nothing was lost. Try again later",
    )
    expect(await client.refresh()).toBe('later')
    await switchOn()
    expect(await client.refresh()).toBe('ok')
    expect(await client.user.listGrants()).toMatchObject([{ ended: null }])
  },
)

test('a code stays valid while its client is switched off', async () => {
  const client = await Client.register()
  const code = await client.login().toCode()
  const switchOn = await switchOff({ kind: 'client', value: client.id })
  expect(await client.redeem(code)).toBe('later')
  await switchOn()
  expect(await client.redeem(code)).toBe('ok')
})

test('the switch of a domain concerns the client with that document, and no other', async () => {
  const client = await Client.register()
  await client.signIn()
  const switchOn = await switchOff({ kind: 'domain', value: 'agent.example.com' })
  expect(await client.refresh()).toBe('ok')
  await switchOn()
})

test('ending access works while everything is switched off', async () => {
  const client = await (await Client.register()).signIn()
  const switchOn = await switchOff({ kind: 'everything' })
  const { status } = await postToken({ client_id: client.id, token: client.tokens.refresh_token })
  expect(status).toBe(200)
  expect((await client.user.listGrants()).map(({ ended }) => ended?.reason)).toEqual(['revoked_by_client'])
  await switchOn()
})

test('a token of an ended grant gets the answer that it always gets', async () => {
  const client = await (await Client.register()).signIn()
  await client.user.endGrant((await client.user.listGrants())[0]?.id ?? '', 'ended_by_user')
  const switchOn = await switchOff({ kind: 'everything' })
  expect(await client.refresh()).toBe('400 invalid_grant')
  await switchOn()
})
