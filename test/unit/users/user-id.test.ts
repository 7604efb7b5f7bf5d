import { expect, test } from 'vitest'
import { readRootKeys, type RootKey } from '#lib/root-keys.ts'
import { makeUserId, openUserId } from '#users/base/user-id.ts'

const keys = (text: string): readonly [RootKey, ...RootKey[]] => {
  const read = readRootKeys(text, undefined)
  if (!read.ok) throw new Error(read.error)
  return read.value
}
const a = keys(`a:${'A'.repeat(43)}`)
const b = keys(`b:${'B'.repeat(42)}A`)

test('an id says nothing about the user and fits the library’s grammar', async () => {
  const id = await makeUserId(a[0], 'https://issuer.example', 'ada@example.com')
  expect(id).toMatch(/^[A-Za-z0-9_-]{22}\.a\.[A-Za-z0-9_-]{43}$/)
  expect(id).not.toContain('ada')
})

test('one user is one object, whichever key is in use; another issuer or subject is another', async () => {
  const name = async (key: RootKey, issuer: string, subject: string) =>
    openUserId([...a, ...b], await makeUserId(key, issuer, subject))
  const ada = await name(a[0], 'https://issuer.example', 'ada')
  expect(ada).toMatchObject({ ok: true })
  expect(await name(b[0], 'https://issuer.example', 'ada')).toEqual(ada)
  expect(await name(a[0], 'https://other.example', 'ada')).not.toEqual(ada)
  expect(await name(a[0], 'https://issuer.example', 'bob')).not.toEqual(ada)
})

test('made-up, altered and foreign ids open nothing', async () => {
  const id = await makeUserId(a[0], 'https://issuer.example', 'ada')
  const other = await makeUserId(a[0], 'https://issuer.example', 'bob')
  const [name = '', keyId = '', mac = ''] = id.split('.')
  const forged = [
    `${other.split('.')[0]}.${keyId}.${mac}`,
    `${name}.a.${'A'.repeat(43)}`,
    name,
    '',
    'x.y.z',
    `${id}.`,
  ]
  const notOurs = { ok: false, error: { reason: 'not_ours' } }
  for (const wrong of forged) expect(await openUserId(a, wrong)).toEqual(notOurs)
  expect(await openUserId([...a, ...b], `${name}.b.${mac}`)).toEqual(notOurs)
  expect(await openUserId(a, id)).toEqual({ ok: true, value: name })
})

test('an id under a key that is not here is told apart from one that was made up, by its key', async () => {
  const id = await makeUserId(a[0], 'https://issuer.example', 'ada')
  expect(await openUserId(b, id)).toEqual({ ok: false, error: { reason: 'key_missing', keyId: 'a' } })
  for (const wrong of [`${id}A`, id.replace('.a.', '.a-.'), id.replace('.a.', `.${'a'.repeat(17)}.`)])
    expect(await openUserId(b, wrong)).toEqual({ ok: false, error: { reason: 'not_ours' } })
})
