import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { beforeEach, expect, test } from 'vitest'
import { PAGE_IDLE_SECONDS } from '#users/requests/page-sessions.ts'
import { pingone } from './pingone.ts'
import { newGrant, personOf } from './story.ts'
import { clock } from './worker.ts'

beforeEach(() => {
  pingone.reset()
  clock.aheadMs = 0
})

const seconds = () => Math.floor((Date.now() + clock.aheadMs) / 1000)
const GIVEN = { personName: 'Ada', pingOneSession: 'sid', authenticatedAtSeconds: 0 }
const given = (change: Partial<typeof GIVEN> = {}) => ({
  ...GIVEN,
  authenticatedAtSeconds: seconds(),
  ...change,
})
const record = (scope: string[]) => ({
  value: JSON.stringify({ clientId: 'client', scope, refreshTokenId: 'x' }),
  expiresAtSeconds: null,
})
const pass = (seconds: number) => (clock.aheadMs += seconds * 1000)
const soon = () => seconds() + 600

/** Somebody new, with a page that is open. */
async function atPage(grants: readonly string[] = []) {
  const person = await personOf(crypto.randomUUID())
  for (const id of grants) await person.openGrant(await newGrant({ id, record: record(['todo:read']) }))
  expect(await person.openPage('page', given())).toBe('done')
  return person
}

test('a page is over after 15 minutes without a look at it, and each look begins them anew', async () => {
  const person = await atPage()
  for (let look = 0; look < 3; look += 1) {
    pass(PAGE_IDLE_SECONDS - 60)
    expect(await person.readAccount('page')).toMatchObject({ personName: 'Ada', grants: [] })
  }
  pass(PAGE_IDLE_SECONDS)
  expect(await person.readAccount('page')).toBe('over')
  expect(await person.endFromPage('page', null)).toBe('over')
  expect(await person.endPingOneSession('page')).toBe('over')
})

test('looked at all the time, a page is over an hour after its person proved who they are', async () => {
  const person = await atPage()
  for (let minutes = 0; minutes < 60; minutes += 10) {
    expect(await person.readAccount('page')).toMatchObject({ personName: 'Ada' })
    pass(600)
  }
  expect(await person.readAccount('page')).toBe('over')
})

test('a page counts from the sign-in at PingOne, which may be older than the page', async () => {
  const person = await atPage(['mine'])
  await person.openPage('page', given({ authenticatedAtSeconds: seconds() - 3000 }))
  pass(540)
  expect(await person.readAccount('page')).toMatchObject({ personName: 'Ada' })
  pass(60)
  expect(await person.endFromPage('page', 'mine')).toBe('over')
  expect(await person.endPingOneSession('page')).toBe('over')
  expect(await person.listGrants()).toMatchObject([{ id: 'mine', ended: null }])
})

test('of what nobody opened, and of what was closed, there is nothing to see or to end', async () => {
  const person = await atPage(['mine'])
  for (const page of ['', 'other', 'page:page', 'PAGE']) {
    expect(await person.readAccount(page)).toBe('over')
    expect(await person.endFromPage(page, null)).toBe('over')
  }
  await person.closePage('page')
  await person.closePage('page')
  expect(await person.endFromPage('page', 'mine')).toBe('over')
  expect(await person.listGrants()).toMatchObject([
    { id: 'mine', ended: null, scopes: ['todo:read'], sessions: 0 },
  ])
})

test('whoever is blocked has no page from that moment on, gets none, and finds none again afterwards', async () => {
  const person = await atPage(['mine'])
  await person.setBlocked(true)
  expect(await person.readAccount('page')).toBe('blocked')
  expect(await person.endFromPage('page', null)).toBe('blocked')
  expect(await person.openPage('another', given())).toBe('blocked')
  expect(await person.useSignIn('id', 'attempt', soon())).toBe('blocked')
  await person.setBlocked(false)
  expect(await person.readAccount('page')).toBe('over')
  expect(await person.listGrants()).toMatchObject([{ ended: { reason: 'blocked' } }])
})

test('a sign-in is used once; the same message twice is still once', async () => {
  const person = await atPage()
  const until = soon()
  expect(await person.useSignIn('one', 'attempt', until)).toBe('done')
  expect(await person.useSignIn('one', 'attempt', until)).toBe('done')
  expect(await person.useSignIn('one', 'another', until)).toBe('used')
  expect(await person.useSignIn('two', 'attempt', until)).toBe('done')
})

test('ending is final, and twice is once: what has ended keeps its reason', async () => {
  const person = await atPage(['one', 'two', 'three'])
  await person.endGrant('one', 'revoked_by_client')
  expect(await person.endFromPage('page', 'one')).toBe('done')
  expect(await person.endFromPage('page', 'two')).toBe('done')
  expect(await person.endFromPage('page', 'nothing')).toBe('unknown')
  expect(await person.endFromPage('page', null)).toBe('done')
  expect(await person.endFromPage('page', null)).toBe('done')
  const ends = (await person.listGrants()).map(({ id, ended }) => [id, ended?.reason])
  expect(ends).toEqual([
    ['one', 'revoked_by_client'],
    ['three', 'ended_by_person'],
    ['two', 'ended_by_person'],
  ])
})

test('signing out of PingOne ends what came from that session there, and no other page or grant', async () => {
  const person = await atPage(['here'])
  await person.openGrant(await newGrant({ id: 'elsewhere', pingOneSession: 'another', record: record([]) }))
  await person.openPage('same', given())
  await person.openPage('elsewhere', given({ pingOneSession: 'another' }))
  expect(await person.endPingOneSession('page')).toBe('done')
  expect((await person.listGrants()).map(({ id, ended }) => [id, ended?.reason])).toEqual([
    ['elsewhere', undefined],
    ['here', 'ended_by_person'],
  ])
  for (const page of ['page', 'same']) expect(await person.readAccount(page)).toBe('over')
  expect(await person.readAccount('elsewhere')).toMatchObject({ personName: 'Ada' })
})

test('a person has ten pages at most, and the one that was unused the longest goes', async () => {
  const person = await atPage()
  for (let page = 1; page <= 10; page += 1) {
    pass(1)
    await person.openPage(`page-${page}`, given())
  }
  expect(await person.readAccount('page')).toBe('over')
  expect(await person.readAccount('page-1')).toMatchObject({ personName: 'Ada' })
})

test('pages and sign-ins outlive their object’s memory, and nothing of them outlives its time', async () => {
  const person = await atPage()
  await person.useSignIn('one', 'attempt', soon())
  await evictDurableObject(person)
  expect(await person.readAccount('page')).toMatchObject({ personName: 'Ada' })
  expect(await person.useSignIn('one', 'another', soon())).toBe('used')
  // Asked by somebody who was never signed in, an object stays as it was.
  await person.readAccount('made-up')
  for (let wakes = 0; wakes < 3; wakes += 1) {
    pass(PAGE_IDLE_SECONDS)
    await runDurableObjectAlarm(person)
  }
  const left = await runInDurableObject(person, (_object, { storage }) => [...storage.kv.list()])
  expect(left).toEqual([])
})

test('a grant from before its client was kept is listed without it', async () => {
  const person = await atPage()
  const grant = await newGrant({ id: 'old', record: record(['todo:read']) })
  await person.openGrant(grant)
  await runInDurableObject(person, (_object, { storage }) => {
    const stored = storage.kv.get('grant:old')
    const old: Record<string, unknown> = typeof stored === 'object' && stored !== null ? { ...stored } : {}
    delete old['shown']
    delete old['pingOneSession']
    storage.kv.put('grant:old', old)
  })
  expect(await person.readAccount('page')).toMatchObject({ grants: [{ id: 'old', shown: null }] })
  expect(await person.endPingOneSession('page')).toBe('done')
  expect(await person.listGrants()).toMatchObject([{ id: 'old', ended: null }])
})
