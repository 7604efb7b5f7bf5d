import { createExecutionContext, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { finishLogin } from '#authorization/login/finish-login.ts'
import { todos } from '#todos/index.ts'
import { userName } from '#users/base/user-id.ts'
import { wireAuthorization } from '#wiring/authorization.ts'
import { wireCutoffs } from '#wiring/cutoffs.ts'
import { makeIsolate } from '#wiring/isolate.ts'
import { Client } from '../faults/client.ts'
import { families, groups } from '../pingone.ts'
import { fetchFromWorld } from '../faults/world.ts'
import { ISSUER, ORIGIN, REDIRECT_URI } from '../settings.ts'
import { beginPolicies, endPolicies, putInForce, switchOff } from './policy.ts'
import { passSeconds } from './support.ts'

// Who may connect at all, and what is switched off, at /authorize and /callback.
beforeEach(beginPolicies)
afterEach(async () => {
  groups.clear()
  await endPolicies()
})

const STAFF = { id: 'staff', what: { kind: 'server' }, who: [{ group: 'staff' }], effect: 'allow' }

const deadlines = { pingoneMs: 8000, apiMs: 9000, toolMs: 25_000, documentMs: 4000, storageMs: 5000 }

const userOf = async (subject: string) => env.USER.getByName(await userName(ISSUER, subject))

const Row = z.object({ body: z.string() })

/** The audit events of a user that wait for D1. */
const eventsOf = async (subject: string): Promise<unknown[]> =>
  runInDurableObject(await userOf(subject), (_object, { storage }) =>
    storage.sql
      .exec('SELECT body FROM outbox')
      .toArray()
      .map((row): unknown => JSON.parse(Row.parse(row).body)),
  )

test('who is in none of the groups that may connect gets a page, and the client hears access_denied', async () => {
  await putInForce([STAFF])
  const subject = crypto.randomUUID()
  const client = await Client.register()
  const login = await client.login(subject).toCallback()
  expect(await login.step()).toBe('403 You may not use this server')
  const page = login.answer?.text ?? ''
  expect(page).toContain('No rule of this server names you or this app.')
  expect(page).not.toContain('The operator says')
  const link = /href="([^"]*access_denied[^"]*)"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? ''
  expect(link.startsWith(REDIRECT_URI)).toBe(true)
  expect(new URL(link).searchParams.get('error')).toBe('access_denied')
  // No grant, no token at PingOne, and it is on record.
  expect(await (await userOf(subject)).listGrants()).toEqual([])
  expect(families.at(-1)?.isAlive).toBe(false)
  expect(await eventsOf(subject)).toMatchObject([{ type: 'login.refused', reason: 'policy' }])
  await runDurableObjectAlarm(await userOf(subject))
  expect(await (await userOf(subject)).auditState()).toMatchObject({ waiting: 0 })
})

test('a rule that denies is named with its sentence, in the audit log too', async () => {
  await putInForce([
    {
      id: 'no-guests',
      what: { kind: 'server' },
      who: [{ group: 'guests' }],
      effect: 'deny',
      says: 'Guests <b>ask</b> Ada.',
    },
  ])
  const subject = crypto.randomUUID()
  groups.set(subject, ['guests'])
  const login = await (await Client.register()).login(subject).toCallback()
  expect(await login.step()).toContain('403')
  expect(login.answer?.text).toContain('Guests &lt;b&gt;ask&lt;/b&gt; Ada.')
  expect(await eventsOf(subject)).toMatchObject([
    { type: 'login.refused', reason: 'policy', rule: 'no-guests' },
  ])
})

test('a user in more groups than are read is not decided: a page says to try again, and nothing is kept', async () => {
  const guests = { id: 'no-guests', what: { kind: 'server' }, who: [{ group: 'guests' }], effect: 'deny' }
  await putInForce([guests])
  const subject = crypto.randomUUID()
  groups.set(subject, [...Array.from({ length: 500 }, (_, at) => `group-${at}`), 'guests'])
  const login = await (await Client.register()).login(subject).toCallback()
  expect(await login.step()).toBe('try')
  expect(families.at(-1)?.isAlive).toBe(false)
  expect(await (await userOf(subject)).listGrants()).toEqual([])
})

test('a shadow rule about the connection stands in the event of the login', async () => {
  await putInForce([{ id: 'nobody', what: { kind: 'server' }, effect: 'deny', mode: 'shadow' }])
  const subject = crypto.randomUUID()
  await (await Client.register()).signIn(subject)
  expect(await eventsOf(subject)).toContainEqual(
    expect.objectContaining({ type: 'login.completed', wouldDeny: ['nobody'] }),
  )
})

test('a member of the group connects', async () => {
  await putInForce([STAFF])
  const subject = crypto.randomUUID()
  groups.set(subject, ['staff'])
  expect(await (await Client.register()).signIn(subject)).toBeInstanceOf(Client)
})

test('a client that is switched off gets a page before consent and before PingOne’s code is redeemed', async () => {
  const client = await Client.register()
  const under = await client.login().toCallback()
  const before = families.length
  const switchOn = await switchOff({ kind: 'client', value: client.id })
  const fresh = client.login()
  expect(await fresh.step()).toBe('sorry')
  expect(fresh.answer?.text).toContain('It is being “repaired”.')
  expect(await under.step()).toBe('sorry')
  expect(families).toHaveLength(before)
  // Another client is not concerned, and the same login goes on once it is on again.
  await (await Client.register()).signIn()
  await switchOn()
  expect(await client.redeem(await under.toCode())).toBe('ok')
})

test('everything that is switched off stops new logins until the switch ends by itself', async () => {
  const client = await Client.register()
  await switchOff({ kind: 'everything' }, { untilMs: Date.now() + 60_000 })
  const login = client.login()
  expect(await login.step()).toBe('sorry')
  expect(login.answer?.text).toContain('It is on again at')
  passSeconds(60)
  expect(await client.redeem(await client.login().toCode())).toBe('ok')
})

test('without the policy in force nobody is denied: the page offers to try again, and the login goes on', async () => {
  const client = await Client.register()
  const login = await client.login().toCallback()
  const before = families.length
  const counted: string[] = []
  const isolate = {
    ...makeIsolate({ product: todos, deps: { fetch: fetchFromWorld, nowMs: () => Date.now(), deadlines } }),
    denialCounter: () => (reason: string) => void counted.push(reason),
  }
  const unread = { head: async () => null, policyOf: async () => null }
  const { login: depsOf } = wireAuthorization(isolate, wireCutoffs(isolate), unread)
  const deps = depsOf({ ...isolate.partsOf(env), env, ctx: createExecutionContext() })
  const word = await login.step(async (path, init) => {
    const answer = await finishLogin(new Request(`${ORIGIN}${path}`, init), deps)
    return { status: answer.status, headers: answer.headers, text: await answer.text() }
  })
  expect(word).toBe('try')
  expect(login.answer?.text).toContain('The rules of this server cannot be read just now')
  expect(counted).toEqual(['login.policy_unavailable'])
  expect(families).toHaveLength(before)
  expect(await client.redeem(await login.toCode())).toBe('ok')
})

test('a user who is switched off signs in and gets the page, and no grant', async () => {
  const subject = crypto.randomUUID()
  const switchOn = await switchOff({ kind: 'user', value: await userName(ISSUER, subject) })
  const login = await (await Client.register()).login(subject).toCallback()
  expect(await login.step()).toBe('403 This is switched off at the moment')
  expect(await (await userOf(subject)).listGrants()).toEqual([])
  await switchOn()
  await (await Client.register()).signIn(subject)
})
