import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { userName } from '#users/base/user-id.ts'
import { block, erase, unblock } from '../acts.ts'
import { ISSUER } from '../settings.ts'
import { pingone } from './pingone.ts'
import { newGrant, userOf, userWithGrant } from './story.ts'
import { receiver, WEBHOOK_SECRET, WEBHOOK_URL } from './webhook-receiver.ts'
import { auditStore, clock, operator } from './worker.ts'

const lines = (['log', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level))

beforeEach(() => {
  pingone.reset()
  receiver.reset()
  auditStore.isDown = false
  operator.sets({ WEBHOOK_URL, WEBHOOK_SECRET })
  for (const spy of lines) spy.mockClear()
})
afterEach(() => operator.sets())

type User = Awaited<ReturnType<typeof userOf>>

const logged = () => lines.flatMap((spy) => spy.mock.calls.flat().map(String))
const linesOf = (event: string) => logged().filter((line) => line.includes(`"event":"${event}"`))

const waiting = (user: User) =>
  runInDurableObject(user, (_object, { storage }) => Array.from(storage.kv.list({ prefix: 'webhook:' })))

/** Runs the alarm as if the time had passed, until it has nothing to do at that time. */
async function pass(user: User, ms = 5000): Promise<void> {
  clock.aheadMs += ms
  for (let count = 0; count < 3; count += 1) await runDurableObjectAlarm(user)
}

async function arrived(count: number): Promise<void> {
  await expect.poll(() => receiver.arrivals.length).toBeGreaterThanOrEqual(count)
}

/** Waits until the object has handled the answer of the last message. */
async function settled(user: User, left: number): Promise<void> {
  await expect.poll(async () => (await waiting(user)).length).toBe(left)
}

/** Waits until the object has handled so many failures. */
async function failed(count: number): Promise<void> {
  const handled = () => linesOf('webhook.delayed').length + linesOf('webhook.not-delivered').length
  await expect.poll(handled).toBe(count)
}

const answersWith = (status: number) => {
  receiver.answer = () =>
    new Response('CANARY', { status, headers: { location: 'https://elsewhere.example' } })
}

const bodyOf = async (subject: string, type: string) =>
  auditStore.bodiesOf(await userName(ISSUER, subject)).filter((body) => body['type'] === type)

test('a block arrives signed, once, as the event that D1 has; the id of the event is that of the message', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  await block(user)
  await pass(user)
  await arrived(1)
  await settled(user, 0)
  const [event] = await bodyOf(subject, 'user.blocked')
  const [arrival] = receiver.arrivals
  expect(arrival).toMatchObject({ url: WEBHOOK_URL, id: event?.['id'] })
  expect(arrival?.message).toEqual({ type: 'user.blocked', timestamp: event?.['at'], data: event })
  for (let hours = 0; hours < 3; hours += 1) await pass(user, 3_600_000)
  expect(receiver.arrivals).toHaveLength(1)
})

test('nothing leaves before D1 has it', async () => {
  const { user } = await userWithGrant()
  await block(user)
  auditStore.isDown = true
  await pass(user)
  expect([receiver.arrivals, await waiting(user)]).toEqual([[], []])
  auditStore.isDown = false
  await pass(user, 600_000)
  await arrived(1)
})

test('messages come in the order of their events', async () => {
  const { user } = await userWithGrant()
  await user.reportFinding('grant', 'refresh-repeated-elsewhere')
  await block(user)
  await unblock(user)
  await erase(user)
  await pass(user)
  await arrived(4)
  expect(receiver.arrivals.map(({ message }) => message?.type)).toEqual([
    'security',
    'user.blocked',
    'user.unblocked',
    'user.erased',
  ])
})

test.each([500, 503, 429, 408])(
  'after status %i the same message comes again, until it is accepted',
  async (status) => {
    const { user } = await userWithGrant()
    await block(user)
    answersWith(status)
    await pass(user)
    await arrived(1)
    await failed(1)
    receiver.reset()
    await pass(user, 60_000)
    await arrived(1)
    await settled(user, 0)
    expect(receiver.arrivals).toMatchObject([{ message: { type: 'user.blocked' } }])
    expect(linesOf('webhook.delayed')[0]).toContain(`"detail":"status ${status}","tries":1`)
  },
)

test.each([301, 400, 401, 404, 410])(
  'after status %i it comes three times, and then an error line names the event',
  async (status) => {
    const subject = crypto.randomUUID()
    const { user } = await userWithGrant({ subject })
    await block(user)
    answersWith(status)
    for (let tries = 1; tries <= 3; tries += 1) {
      await pass(user, 3_600_000)
      await arrived(tries)
      await settled(user, tries === 3 ? 0 : 1)
      await failed(tries)
    }
    await pass(user, 86_400_000)
    expect(receiver.arrivals.map(({ url }) => url)).toEqual(Array(3).fill(WEBHOOK_URL))
    const [event] = await bodyOf(subject, 'user.blocked')
    expect(linesOf('webhook.not-delivered')).toEqual([
      expect.stringContaining(`"id":"${String(event?.['id'])}"`),
    ])
  },
)

test('a receiver that is away is asked ever less often, and given up after a day', async () => {
  const { user } = await userWithGrant()
  await block(user)
  receiver.answer = () => Promise.reject(new TypeError('CANARY'))
  await pass(user)
  await arrived(1)
  for (let minutes = 0; minutes < 26 * 60; minutes += 20) {
    await pass(user, 20 * 60_000)
    await failed(receiver.arrivals.length)
  }
  expect(await waiting(user)).toEqual([])
  expect(linesOf('webhook.not-delivered')).toEqual([expect.stringContaining('"detail":"TypeError"')])
  // 30 s doubled up to 4 h: twelve or so in a day.
  expect(receiver.arrivals.length).toBeGreaterThan(8)
  expect(receiver.arrivals.length).toBeLessThan(16)
  expect(new Set(receiver.arrivals.map(({ id }) => id)).size).toBe(1)
})

test('a message that the receiver cannot handle does not hold back the others', async () => {
  const { user } = await userWithGrant()
  await user.reportFinding('grant', 'refresh-repeated-elsewhere')
  await block(user)
  receiver.answer = ({ message }) => new Response(null, { status: message?.type === 'security' ? 500 : 200 })
  await pass(user)
  await arrived(1)
  await failed(1)
  await pass(user, 31_000)
  await arrived(3)
  await settled(user, 1)
  expect(receiver.arrivals.map(({ message }) => message?.type)).toEqual([
    'security',
    'user.blocked',
    'security',
  ])
})

test('a receiver that does not answer delays no shipment, no end and no alarm', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  const release = Promise.withResolvers<Response>()
  receiver.answer = () => release.promise
  await block(user)
  await pass(user)
  await arrived(1)
  await unblock(user)
  await user.openGrant(await newGrant({ id: 'g2' }))
  await pass(user)
  expect(await user.auditState()).toMatchObject({ waiting: 0 })
  expect(await bodyOf(subject, 'user.unblocked')).toHaveLength(1)
  // One request at a time: the second message waits for the first one.
  expect(receiver.arrivals).toHaveLength(1)
  release.resolve(new Response(null))
  await settled(user, 1)
  await pass(user, 60_000)
  await settled(user, 0)
  expect(receiver.arrivals).toHaveLength(2)
})

test('after a death while it was being sent the message comes again, with the same id', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  receiver.answer = () => new Promise(() => {})
  await block(user)
  await pass(user)
  await arrived(1)
  await runInDurableObject(user, (_object, state) => state.abort('ended by this test')).catch(() => {})
  receiver.answer = () => new Response(null)
  const again = await userOf(subject)
  await pass(again, 120_000)
  await arrived(2)
  await settled(again, 0)
  expect(new Set(receiver.arrivals.map(({ id }) => id)).size).toBe(1)
})

test('of an erased user, what still waits has nothing personal', async () => {
  const { user } = await userWithGrant({ userName: 'Ada Lovelace' })
  answersWith(503)
  await user.reportFinding('grant', 'refresh-repeated-elsewhere')
  await pass(user)
  await arrived(1)
  await erase(user)
  await failed(1)
  const stored = JSON.stringify(await waiting(user))
  expect(stored).toContain('refresh-repeated-elsewhere')
  expect(stored).not.toMatch(/Ada|Lovelace|v1\./)
  receiver.reset()
  await pass(user, 600_000)
  await arrived(2)
  expect(receiver.arrivals.map(({ text }) => text).join()).not.toMatch(/Ada|Lovelace|v1\./)
})

test('without a receiver nothing is stored, and what waited for one is given up when the setting is removed', async () => {
  const { user } = await userWithGrant()
  operator.sets()
  await block(user)
  await pass(user)
  expect(await waiting(user)).toEqual([])
  operator.sets({ WEBHOOK_URL, WEBHOOK_SECRET })
  answersWith(500)
  await unblock(user)
  await pass(user)
  await arrived(1)
  operator.sets()
  await pass(user, 3_600_000)
  expect(await waiting(user)).toEqual([])
  expect(linesOf('webhook.dropped')).toEqual([expect.stringContaining('"count":1')])
})

test('no line has the secret, the address or words of the receiver', async () => {
  const { user } = await userWithGrant()
  await block(user)
  for (const [at, status] of [500, 400, 301, 410].entries()) {
    answersWith(status)
    await pass(user, 3_600_000)
    await failed(at + 1)
  }
  expect(linesOf('webhook.not-delivered')).toHaveLength(1)
  expect(logged().join('\n')).not.toMatch(/whsec|siem\.example|CANARY|v1,/)
  expect(logged().join('\n')).not.toContain(WEBHOOK_SECRET.slice(6))
})
