import { expect, test } from 'vitest'
import { readRootKeys, type RootKey } from '../../../src/lib/root-keys.ts'
import { makePersonId, openPersonId } from '../../../src/people/person-id.ts'

const keys = (text: string): readonly [RootKey, ...RootKey[]] => {
  const read = readRootKeys(text, undefined)
  if (!read.ok) throw new Error(read.error)
  return read.value
}
const a = keys(`a:${'A'.repeat(43)}`)
const b = keys(`b:${'B'.repeat(42)}A`)

test('an id says nothing about the person and fits the library’s grammar', async () => {
  const id = await makePersonId(a[0], 'https://issuer.example', 'ada@example.com')
  expect(id).toMatch(/^[A-Za-z0-9_-]{22}\.a\.[A-Za-z0-9_-]{43}$/)
  expect(id).not.toContain('ada')
})

test('one person is one object, whichever key is in use; another issuer or subject is another', async () => {
  const name = async (key: RootKey, issuer: string, subject: string) =>
    openPersonId([...a, ...b], await makePersonId(key, issuer, subject))
  const ada = await name(a[0], 'https://issuer.example', 'ada')
  expect(ada).not.toBeNull()
  expect(await name(b[0], 'https://issuer.example', 'ada')).toBe(ada)
  expect(await name(a[0], 'https://other.example', 'ada')).not.toBe(ada)
  expect(await name(a[0], 'https://issuer.example', 'bob')).not.toBe(ada)
})

test('made-up, altered and foreign ids open nothing', async () => {
  const id = await makePersonId(a[0], 'https://issuer.example', 'ada')
  const other = await makePersonId(a[0], 'https://issuer.example', 'bob')
  const [name = '', keyId = '', mac = ''] = id.split('.')
  const made = [
    `${other.split('.')[0]}.${keyId}.${mac}`,
    `${name}.b.${mac}`,
    `${name}.a.${'A'.repeat(43)}`,
    name,
    '',
    'x.y.z',
    `${id}.`,
  ]
  for (const wrong of made) expect(await openPersonId(a, wrong)).toBeNull()
  expect(await openPersonId(b, id)).toBeNull()
  expect(await openPersonId(a, id)).toBe(name)
})
