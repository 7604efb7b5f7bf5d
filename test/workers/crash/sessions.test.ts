import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, test } from 'vitest'
import { SESSIONS_PER_GRANT } from '#users/bounds.ts'
import { SESSION_IDLE_SECONDS } from '#users/sessions/sessions.ts'
import { signIn, userOf, runAlarm, storedOf } from './checks.ts'
import { Client, tokensIn, callInSession, openSession, openStream } from './client.ts'
import { AHEAD_MS, clock } from './witness.ts'

afterEach(() => {
  clock.aheadMs = AHEAD_MS
})

const grantOf = async (client: Client, id: string) => tokensIn(await client.redeem(await signIn(client, id)))
const objectOf = (session: string) => env.MCP_SESSION.getByName(`streamable-http:${session.split('.')[0]}`)
const statusIn = async (accessToken: string, session: string): Promise<number> =>
  (await callInSession(accessToken, session, 'whoAmI', { id: 1 })).status

/** Null while the object is being destroyed. */
const keysIn = (session: string): Promise<string[] | null> =>
  runInDurableObject(objectOf(session), async (_object, { storage }) => [
    ...(await storage.list()).keys(),
  ]).catch(() => null)

test('a session whose objects were taken out of memory goes on, with its stream, which an ending still closes', async () => {
  const client = await Client.register()
  const tokens = await grantOf(client, 'sleeps')
  const session = await openSession(tokens.access_token)
  const stream = await openStream(tokens.access_token, session)
  // Internally the stream is a WebSocket, which the platform keeps during hibernation.
  await evictDurableObject(objectOf(session))
  await evictDurableObject(userOf(tokens))
  expect(await statusIn(tokens.access_token, session)).toBe(200)
  expect(stream).toEqual({ status: 200, isOver: false })
  await evictDurableObject(objectOf(session))
  await evictDurableObject(userOf(tokens))
  await client.revoke(tokens.refresh_token)
  await expect.poll(() => stream.isOver).toBe(true)
  expect(await statusIn(tokens.access_token, session)).toBe(401)
})

test('a session that nobody used for a day is over, by an alarm, and its object keeps nothing', async () => {
  const client = await Client.register()
  const first = await grantOf(client, 'idle')
  const [used, unused] = [await openSession(first.access_token), await openSession(first.access_token)]
  const stream = await openStream(first.access_token, unused)
  clock.aheadMs = AHEAD_MS + (SESSION_IDLE_SECONDS - 60) * 1000
  const second = tokensIn(await client.refresh(first.refresh_token))
  expect(await statusIn(second.access_token, used)).toBe(200)
  clock.aheadMs = AHEAD_MS + (SESSION_IDLE_SECONDS + 60) * 1000
  expect(await statusIn(second.access_token, unused)).toBe(404)
  await runAlarm(second)
  expect(await storedOf(second, 'session:')).toHaveLength(1)
  await expect.poll(() => stream.isOver).toBe(true)
  await expect.poll(() => keysIn(unused), { timeout: 5000 }).toEqual(['cf_agents:schema_version'])
  expect(await storedOf(second, 'closing-session:')).toEqual([])
  expect([await statusIn(second.access_token, used), await statusIn(second.access_token, unused)]).toEqual([
    200, 404,
  ])
})

test('a grant has so many sessions: one more ends the one that was unused the longest, and none of another grant', async () => {
  const client = await Client.register()
  const [mine, other] = [await grantOf(client, 'many'), await grantOf(client, 'many')]
  const staying = await openSession(other.access_token)
  const oldest = await openSession(mine.access_token)
  const stream = await openStream(mine.access_token, oldest)
  clock.aheadMs += 1000
  const next = await openSession(mine.access_token)
  for (let count = 2; count < SESSIONS_PER_GRANT; count += 1) await openSession(mine.access_token)
  // A call would make it the one that was used last.
  expect(stream.isOver).toBe(false)
  const last = await openSession(mine.access_token)
  expect(await statusIn(mine.access_token, oldest)).toBe(404)
  await expect.poll(() => stream.isOver).toBe(true)
  for (const session of [next, last]) expect(await statusIn(mine.access_token, session)).toBe(200)
  expect(await statusIn(other.access_token, staying)).toBe(200)
  expect(await storedOf(mine, 'session:')).toHaveLength(SESSIONS_PER_GRANT + 1)
})

test('a session that a newer grant took over ends with that one, and not with the old one', async () => {
  const client = await Client.register()
  const [old, stranger] = [await grantOf(client, 'moves'), await grantOf(await Client.register(), 'moves')]
  const session = await openSession(old.access_token)
  const oldStream = await openStream(old.access_token, session)
  const newer = await grantOf(client, 'moves')
  // The same user at another client: the session does not exist for it.
  expect(await statusIn(stranger.access_token, session)).toBe(404)
  expect(oldStream.isOver).toBe(false)
  expect(await statusIn(newer.access_token, session)).toBe(200)
  await expect.poll(() => oldStream.isOver).toBe(true)
  const stream = await openStream(newer.access_token, session)
  await client.revoke(old.refresh_token)
  expect(await statusIn(newer.access_token, session)).toBe(200)
  expect(stream.isOver).toBe(false)
  await client.revoke(newer.refresh_token)
  await expect.poll(() => stream.isOver).toBe(true)
  expect(await storedOf(newer, 'session:')).toEqual([])
})
