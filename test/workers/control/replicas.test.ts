import { env } from 'cloudflare:workers'
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { PRIMARY, REPLICAS } from '#control/replicas.ts'
import { control, documentText, editor, freshControl, hashOf, heads, someSwitch } from './story.ts'
import { before, clock, down, objects, reach } from './worker.ts'

freshControl()

const ring = () => runDurableObjectAlarm(env.CONTROL.getByName(PRIMARY))
const begin = async (): Promise<string> => (await control().adopt(documentText('deny')))?.policy ?? ''

test('a change is reported only when all replicas have it, and an alarm brings it to those that did not answer', async () => {
  const base = await begin()
  expect(await ring()).toBe(false)
  down.add('replica-1').add('replica-3')
  const text = documentText('deny', 1)
  const hash = await hashOf(text)
  const outcome = await control().apply(text, base, editor('grace'), true)
  expect(outcome).toEqual({ outcome: 'not-everywhere', hash })
  expect((await control().state()).head.policy).toBe(hash)
  down.delete('replica-1')
  await ring()
  expect(await control().switchOff(someSwitch())).toBe('not-everywhere')
  down.clear()
  await ring()
  const head = await control().readHead()
  expect(await heads()).toEqual([head, head, head, head])
  expect(await control().apply(text, base, editor('grace'), true)).toEqual({ outcome: 'in-force', hash })
  expect(await ring()).toBe(false)
})

test('a crash after the change is stored loses nothing: the alarm brings it to the replicas', async () => {
  const base = await begin()
  const text = documentText('deny', 1)
  const hash = await hashOf(text)
  before.rpc = async (name) => {
    if (name === PRIMARY) return
    await objects.get(PRIMARY)?.storage.sync()
    objects.get(PRIMARY)?.abort('died in a test')
  }
  await expect(control().apply(text, base, editor('grace'), true)).rejects.toThrow('died in a test')
  before.rpc = async () => {}
  expect((await heads()).map((head) => head?.policy)).toEqual([base, base, base, base])
  expect(await ring()).toBe(true)
  expect((await heads()).map((head) => head?.policy)).toEqual([hash, hash, hash, hash])
  expect(await control().apply(text, base, editor('grace'), true)).toEqual({ outcome: 'in-force', hash })
})

test('a replica keeps the newer of two heads', async () => {
  const base = await begin()
  const old = await control().readHead()
  const oldText = await control().readDocument(base)
  await control().apply(documentText('deny', 1), base, editor('grace'), true)
  const head = await control().readHead()
  if (old === null || oldText === null) throw new Error('nothing was adopted')
  await reach(env, 'replica-2').takeHead(old, oldText)
  expect(await heads()).toEqual([head, head, head, head])
})

test('a replica takes no document that is not the one of the head', async () => {
  await begin()
  const head = await control().readHead()
  if (head === null) throw new Error('nothing was adopted')
  const wrong = reach(env, 'replica-0').takeHead(
    { ...head, sequence: head.sequence + 1 },
    documentText('allow'),
  )
  await expect(wrong).rejects.toThrow('another hash')
  await expect(reach(env, PRIMARY).takeHead(head, '')).rejects.toThrow('the primary takes no head')
  await expect(reach(env, 'replica-0').adopt(documentText('deny'))).rejects.toThrow(
    'a replica decides nothing',
  )
})

test('a replica that lost its rows takes the head of the primary when it is next read', async () => {
  const base = await begin()
  const stub = env.CONTROL.getByName('replica-1')
  await runInDurableObject(stub, async (_object, { storage }) => storage.deleteAll())
  await evictDurableObject(stub)
  down.add(PRIMARY)
  await expect(reach(env, 'replica-1').readHead()).rejects.toThrow('does not answer')
  down.clear()
  expect(await reach(env, 'replica-1').readHead()).toEqual(await control().readHead())
  down.add(PRIMARY)
  expect(await reach(env, 'replica-1').readDocument(base)).not.toBeNull()
})

test('a replica answers without the primary, and asks it for a document that it does not have', async () => {
  let base = await begin()
  const first = base
  for (const n of [1, 2, 3, 4]) {
    const text = documentText('deny', n)
    await control().apply(text, base, editor('grace', n), true)
    base = await hashOf(text)
  }
  for (const name of REPLICAS)
    expect(await reach(env, name).readDocument(first)).toBe(await control().readDocument(first))
  down.add(PRIMARY)
  for (const name of REPLICAS) {
    expect(await reach(env, name).readHead()).toMatchObject({ policy: base })
    expect(await reach(env, name).readDocument(base)).not.toBeNull()
    await expect(reach(env, name).readDocument(first)).rejects.toThrow('does not answer')
  }
  down.clear()
  expect(await reach(env, 'replica-0').readDocument('no hash')).toBeNull()
})

test('a switch ends by itself, and the alarm takes it out of the head', async () => {
  await begin()
  const lasting = someSwitch()
  const short = someSwitch({ untilMs: clock.nowMs + 60_000 })
  expect(await control().switchOff(lasting)).toBe('done')
  expect(await control().switchOff(short)).toBe('done')
  expect(await control().switchOff(short)).toBe('done')
  const off = async () => (await control().readHead())?.switches.map(({ id }) => id)
  expect(await off()).toEqual([lasting.id, short.id])
  await ring()
  expect(await off()).toEqual([lasting.id, short.id])
  clock.nowMs += 60_000
  await ring()
  expect(await off()).toEqual([lasting.id])
  expect((await heads()).map((head) => head?.switches.length)).toEqual([1, 1, 1, 1])
  expect(await ring()).toBe(false)
  expect(await control().switchOn(lasting.id)).toBe('done')
  expect(await control().switchOn(lasting.id)).toBe('unknown')
  expect(await off()).toEqual([])
})

test('there are at most a hundred switches; those that ended leave room', async () => {
  await begin()
  await control().switchOff(someSwitch({ untilMs: clock.nowMs + 1_000 }))
  for (let n = 1; n < 100; n += 1) await control().switchOff(someSwitch())
  expect(await control().switchOff(someSwitch())).toBe('too-many')
  clock.nowMs += 1_000
  expect(await control().switchOff(someSwitch())).toBe('done')
  expect((await control().readHead())?.switches).toHaveLength(100)
})

test('changes at the same time are each reported when all replicas have them', async () => {
  await begin()
  const switches = [someSwitch(), someSwitch(), someSwitch()]
  const outcomes = await Promise.all(switches.map((one) => control().switchOff(one)))
  expect(outcomes).toEqual(['done', 'done', 'done'])
  const head = await control().readHead()
  expect(head?.switches).toHaveLength(3)
  expect(await heads()).toEqual([head, head, head, head])
})
