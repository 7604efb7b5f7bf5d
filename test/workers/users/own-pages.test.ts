import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { beforeEach, expect, test } from 'vitest'
import { PAGE_IDLE_SECONDS } from '#users/requests/page-sessions.ts'
import { block, unblock } from '../acts.ts'
import { pingone } from './pingone.ts'
import { newGrant, userOf } from './story.ts'
import { clock } from './worker.ts'

beforeEach(() => {
  pingone.reset()
  clock.aheadMs = 0
})

const seconds = () => Math.floor((Date.now() + clock.aheadMs) / 1000)
const SIGN_IN = { userName: 'Ada', pingOneSession: 'sid', authenticatedAtSeconds: 0 }
const signInProof = (change: Partial<typeof SIGN_IN> = {}) => ({
  ...SIGN_IN,
  authenticatedAtSeconds: seconds(),
  ...change,
})
const record = (scope: string[]) => ({
  value: JSON.stringify({ clientId: 'client', scope, refreshTokenId: 'x' }),
  expiresAtSeconds: null,
})
const pass = (seconds: number) => (clock.aheadMs += seconds * 1000)
const soon = () => seconds() + 600

/** A new user with an open page. */
async function atPage(grants: readonly string[] = []) {
  const user = await userOf(crypto.randomUUID())
  for (const id of grants) await user.openGrant(await newGrant({ id, record: record(['todo:read']) }))
  expect(await user.openPage('page', signInProof())).toBe('done')
  return user
}

test('a page is over after 15 minutes without a look at it, and each look begins them anew', async () => {
  const user = await atPage()
  for (let look = 0; look < 3; look += 1) {
    pass(PAGE_IDLE_SECONDS - 60)
    expect(await user.readAccount('page')).toMatchObject({ userName: 'Ada', grants: [] })
  }
  pass(PAGE_IDLE_SECONDS)
  expect(await user.readAccount('page')).toBe('over')
  expect(await user.endFromPage('page', null)).toBe('over')
  expect(await user.endPingOneSession('page')).toBe('over')
})

test('looked at all the time, a page is over an hour after its user proved who they are', async () => {
  const user = await atPage()
  for (let minutes = 0; minutes < 60; minutes += 10) {
    expect(await user.readAccount('page')).toMatchObject({ userName: 'Ada' })
    pass(600)
  }
  expect(await user.readAccount('page')).toBe('over')
})

test('a page counts from the sign-in at PingOne, which may be older than the page', async () => {
  const user = await atPage(['mine'])
  await user.openPage('page', signInProof({ authenticatedAtSeconds: seconds() - 3000 }))
  pass(540)
  expect(await user.readAccount('page')).toMatchObject({ userName: 'Ada' })
  pass(60)
  expect(await user.endFromPage('page', 'mine')).toBe('over')
  expect(await user.endPingOneSession('page')).toBe('over')
  expect(await user.listGrants()).toMatchObject([{ id: 'mine', ended: null }])
})

test('of what nobody opened, and of what was closed, there is nothing to see or to end', async () => {
  const user = await atPage(['mine'])
  for (const page of ['', 'other', 'page:page', 'PAGE']) {
    expect(await user.readAccount(page)).toBe('over')
    expect(await user.endFromPage(page, null)).toBe('over')
  }
  await user.closePage('page')
  await user.closePage('page')
  expect(await user.endFromPage('page', 'mine')).toBe('over')
  expect(await user.listGrants()).toMatchObject([
    { id: 'mine', ended: null, scopes: ['todo:read'], sessions: 0 },
  ])
})

test('whoever is blocked has no page from that moment on, gets none, and finds none again afterwards', async () => {
  const user = await atPage(['mine'])
  await block(user)
  expect(await user.readAccount('page')).toBe('blocked')
  expect(await user.endFromPage('page', null)).toBe('blocked')
  expect(await user.openPage('another', signInProof())).toBe('blocked')
  expect(await user.useSignIn('id', 'attempt', soon())).toBe('blocked')
  await unblock(user)
  expect(await user.readAccount('page')).toBe('over')
  expect(await user.listGrants()).toMatchObject([{ ended: { reason: 'blocked' } }])
})

test('a sign-in is used once; the same message twice is still once', async () => {
  const user = await atPage()
  const until = soon()
  expect(await user.useSignIn('one', 'attempt', until)).toBe('done')
  expect(await user.useSignIn('one', 'attempt', until)).toBe('done')
  expect(await user.useSignIn('one', 'another', until)).toBe('used')
  expect(await user.useSignIn('two', 'attempt', until)).toBe('done')
})

test('ending is final, and twice is once: what has ended keeps its reason', async () => {
  const user = await atPage(['one', 'two', 'three'])
  await user.endGrant('one', 'revoked_by_client')
  expect(await user.endFromPage('page', 'one')).toBe('done')
  expect(await user.endFromPage('page', 'two')).toBe('done')
  expect(await user.endFromPage('page', 'nothing')).toBe('unknown')
  expect(await user.endFromPage('page', null)).toBe('done')
  expect(await user.endFromPage('page', null)).toBe('done')
  const ends = (await user.listGrants()).map(({ id, ended }) => [id, ended?.reason])
  expect(ends).toEqual([
    ['one', 'revoked_by_client'],
    ['three', 'ended_by_user'],
    ['two', 'ended_by_user'],
  ])
})

test('signing out of PingOne ends what came from that session there, and no other page or grant', async () => {
  const user = await atPage(['here'])
  await user.openGrant(await newGrant({ id: 'elsewhere', pingOneSession: 'another', record: record([]) }))
  await user.openPage('same', signInProof())
  await user.openPage('elsewhere', signInProof({ pingOneSession: 'another' }))
  expect(await user.endPingOneSession('page')).toBe('done')
  expect((await user.listGrants()).map(({ id, ended }) => [id, ended?.reason])).toEqual([
    ['elsewhere', undefined],
    ['here', 'ended_by_user'],
  ])
  for (const page of ['page', 'same']) expect(await user.readAccount(page)).toBe('over')
  expect(await user.readAccount('elsewhere')).toMatchObject({ userName: 'Ada' })
})

test('a user has ten pages at most, and the one that was unused the longest goes', async () => {
  const user = await atPage()
  for (let page = 1; page <= 10; page += 1) {
    pass(1)
    await user.openPage(`page-${page}`, signInProof())
  }
  expect(await user.readAccount('page')).toBe('over')
  expect(await user.readAccount('page-1')).toMatchObject({ userName: 'Ada' })
})

test('pages and sign-ins outlive their object’s memory, and nothing of them outlives its time', async () => {
  const user = await atPage()
  await user.useSignIn('one', 'attempt', soon())
  await evictDurableObject(user)
  expect(await user.readAccount('page')).toMatchObject({ userName: 'Ada' })
  expect(await user.useSignIn('one', 'another', soon())).toBe('used')
  // Reading an unknown page stores nothing.
  await user.readAccount('made-up')
  for (let wakes = 0; wakes < 3; wakes += 1) {
    pass(PAGE_IDLE_SECONDS)
    await runDurableObjectAlarm(user)
  }
  const remaining = await runInDurableObject(user, (_object, { storage }) => [...storage.kv.list()])
  expect(remaining).toEqual([])
})

test('a grant from before its client was kept is listed without it', async () => {
  const user = await atPage()
  const grant = await newGrant({ id: 'old', record: record(['todo:read']) })
  await user.openGrant(grant)
  await runInDurableObject(user, (_object, { storage }) => {
    const stored = storage.kv.get('grant:old')
    const old: Record<string, unknown> = typeof stored === 'object' && stored !== null ? { ...stored } : {}
    delete old['shown']
    delete old['pingOneSession']
    storage.kv.put('grant:old', old)
  })
  expect(await user.readAccount('page')).toMatchObject({ grants: [{ id: 'old', shown: null }] })
  expect(await user.endPingOneSession('page')).toBe('done')
  expect(await user.listGrants()).toMatchObject([{ id: 'old', ended: null }])
})
