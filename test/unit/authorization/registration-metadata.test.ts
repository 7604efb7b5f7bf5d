import { expect, test } from 'vitest'
import { readRegistrationMetadata } from '#authorization/clients/registration-metadata.ts'

const read = (metadata: unknown) => readRegistrationMetadata(JSON.stringify(metadata))
const redirect_uris = ['http://localhost/cb']

test('names are cleaned, and everything else passes as it came', () => {
  const metadata = {
    redirect_uris,
    client_name: ' A\u202eB\u0000 ',
    contacts: ['x\u202e'],
    scope: 'todo:read',
    other: [1],
  }
  expect(read(metadata)).toEqual({
    ok: true,
    value: { redirectUris: redirect_uris, cleaned: { ...metadata, client_name: 'AB' } },
  })
})

test('what is no name is not bounded as one, and a name of another type is left for the library to refuse', () => {
  expect(
    read({ redirect_uris, client_uri: `https://a.example/${'x'.repeat(200)}`, client_name: 5 }),
  ).toMatchObject({
    ok: true,
    value: { cleaned: { client_name: 5 } },
  })
})

test('characters are counted as users count them, in every language of a name', () => {
  expect(read({ redirect_uris, client_name: '😀'.repeat(100) })).toMatchObject({ ok: true })
  expect(read({ redirect_uris, client_name: '😀'.repeat(101) })).toMatchObject({ ok: false })
  expect(read({ redirect_uris, 'client_name#ja-Kana-JP': 'x'.repeat(101) })).toMatchObject({ ok: false })
})

test('a name in metadata cannot reach behind an object', () => {
  const json = `{"redirect_uris":["http://localhost/cb"],"__proto__":{"client_name":"x"}}`
  const metadata = readRegistrationMetadata(json)
  expect(metadata.ok && metadata.value.cleaned['client_name']).toBeUndefined()
})

test('a denial says nothing of what was sent', () => {
  for (const metadata of [
    [],
    'x',
    null,
    { redirect_uris: 'evil' },
    { redirect_uris: [1] },
    { redirect_uris: [] },
  ]) {
    const denial = read(metadata)
    expect(denial).toMatchObject({ ok: false, error: { status: 400 } })
    expect(JSON.stringify(denial)).not.toContain('evil')
  }
})
