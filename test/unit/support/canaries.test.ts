import { expect, test } from 'vitest'
import { canariesOfPrivateKey, canariesOfToken, findCanaries, newCanary } from '../../support/canaries.ts'

const canary = newCanary('a "place"')
const found = (text: string) => findCanaries([canary], [{ name: 'there', text }])

test.each([
  ['as it is', canary.value],
  ['in a URL', new URLSearchParams({ q: canary.value }).toString().replaceAll('+', '%20')],
  ['in JSON', JSON.stringify({ text: `say ${canary.value}` })],
  ['in base64', Buffer.from(`xy${canary.value}z`).toString('base64')],
  ['in base64url', Buffer.from(`x${canary.value}`).toString('base64url')],
  ['cut short', canary.value.slice(0, 40)],
  ['in hex', Buffer.from(canary.value).toString('hex')],
])('a canary is found %s', (_how, text) => {
  expect(found(`before ${text} after`)).toEqual(['a "place" in there'])
})

test('what is not there is not found, and a hit does not say the value', () => {
  expect(found(`CANARY ${canary.kind}`)).toEqual([])
  expect(JSON.stringify(found(canary.value))).not.toContain(canary.value)
})

test('a part of a private key is found, and its public parts are none', () => {
  const jwk = { n: 'public-part', d: 'D'.repeat(60), p: 'P', q: 'Q', dp: '1', dq: '2', qi: 'I'.repeat(50) }
  const canaries = canariesOfPrivateKey('key', jwk)
  for (const text of [jwk.d, jwk.d.slice(0, 40), `"${jwk.qi}"`]) {
    expect(findCanaries(canaries, [{ name: 'there', text }])).toEqual(['key in there'])
  }
  expect(findCanaries(canaries, [{ name: 'there', text: jwk.n }])).toEqual([])
})

test('a part of a token is found as well as the whole', () => {
  const payload = Buffer.from(JSON.stringify({ sid: 'the-session-id' })).toString('base64url')
  const signature = 'the-signature-'.repeat(20)
  const canaries = canariesOfToken('token', `e30.${payload}.${signature}`)
  for (const text of [payload, signature, signature.slice(0, 100), signature.slice(100), 'the-session-id']) {
    expect(findCanaries(canaries, [{ name: 'there', text }])).not.toEqual([])
  }
})
