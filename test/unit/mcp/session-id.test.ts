import { expect, test } from 'vitest'
import { openSessionId, signSessionId } from '#mcp/session/headers.ts'

const makeKey = (fill: number) =>
  crypto.subtle.importKey('raw', new Uint8Array(32).fill(fill), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ])
const SESSION = 'ab'.repeat(32)
const owner = { user: 'ada', client: 'https://client.example/meta' }

test('an id opens for its owner only', async () => {
  const keys = [await makeKey(1)] as const
  const id = await signSessionId(keys, SESSION, owner)
  expect(id).toMatch(/^[0-9a-f]{64}\.[A-Za-z0-9_-]{43}$/)
  expect(await openSessionId(keys, id, owner)).toBe(SESSION)
  expect(await openSessionId(keys, id, { ...owner, user: 'bob' })).toBeNull()
  expect(await openSessionId(keys, id, { ...owner, client: 'other' })).toBeNull()
  expect(await openSessionId(keys, id, { user: 'ad', client: 'a' + owner.client })).toBeNull()
  expect(await openSessionId(keys, `${'0'.repeat(64)}${id.slice(64)}`, owner)).toBeNull()
})

test('the first key signs and every key opens, so that keys can be rotated', async () => {
  const [old, next] = [await makeKey(1), await makeKey(2)]
  const id = await signSessionId([old], SESSION, owner)
  expect(await openSessionId([next, old], id, owner)).toBe(SESSION)
  expect(await openSessionId([next], id, owner)).toBeNull()
  expect(await openSessionId([next], await signSessionId([next, old], SESSION, owner), owner)).toBe(SESSION)
})

test.each([
  '',
  SESSION,
  `${SESSION}.`,
  `${SESSION}.${'A'.repeat(43)}`,
  `${SESSION.toUpperCase()}.${'A'.repeat(43)}`,
])('%j is no id of ours', async (id) => {
  expect(await openSessionId([await makeKey(1)], id, owner)).toBeNull()
})
