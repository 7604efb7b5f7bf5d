import { expect, test } from 'vitest'
import { Secret } from '#lib/secret.ts'
import { CLIENT_ID, ISSUER, playPingOne, SECRETS } from './play-pingone.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const TRANSACTION = '0f8fad5b-d9cb-469f-a165-70867728950e'
const play = () =>
  playPingOne(
    { clientAuth: { method: 'client_secret_basic', secret: new Secret('s') }, clientId: CLIENT_ID },
    () => Response.json({ error: 'invalid_grant' }, { status: 400 }),
  )
const idsOf = ({ requests: [sent] }: ReturnType<typeof play>) => [
  sent?.headers.get('x-ping-external-transaction-id'),
  sent?.headers.get('traceparent'),
]
const OURS = [TRANSACTION, expect.stringMatching(/^00-0f8fad5bd9cb469fa16570867728950e-[0-9a-f]{16}-01$/)]

test('PingOne hears of which call a refresh is', async () => {
  const played = play()
  await played.client.refresh('r', ['todo:read'], TRANSACTION)
  expect(idsOf(played)).toEqual(OURS)
})

test('PingOne hears of which login a code is', async () => {
  const played = play()
  const callback = new URL(`https://mcp.example/callback?code=c&state=s&iss=${encodeURIComponent(ISSUER)}`)
  const redirectUri = 'https://mcp.example/callback'
  await played.client.exchangeCode({ callback, redirectUri, secrets: SECRETS, transaction: TRANSACTION })
  expect(idsOf(played)).toEqual(OURS)
})

test('what belongs to no call and no login has an id all the same', async () => {
  const played = play()
  await played.client.revoke('r')
  expect(idsOf(played)).toEqual([expect.stringMatching(UUID), expect.stringMatching(/^00-[0-9a-f]{32}-/)])
})
