import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { canariesOfPrivateKey, findCanaries } from '../support/canaries.ts'
import { type ChangingWorld, startChangingWorld } from '../support/changing-world.ts'
import { TRANSPORTS, type Transport, openTransport } from '#harness/transport.ts'
import { makePrivateJwk, type PrivateJwk, publicHalfOf } from '#harness/make-private-jwk.ts'
import { storyContext } from '#harness/story.ts'
import { storedFiles } from '../support/stored-state.ts'

const [a, b, c] = [makePrivateJwk('a'), makePrivateJwk('b'), makePrivateJwk('c')]
const keys = (...set: PrivateJwk[]) => ({ MCP_SERVER_PRIVATE_KEY: JSON.stringify({ keys: set }) })

let world: ChangingWorld
let story: ReturnType<typeof storyContext>
let transports: readonly Transport[]

beforeAll(async () => {
  const lasting = { PINGONE_CLIENT_AUTH: 'private_key_jwt', PINGONE_PAR: 'on', CLIENT_ADMISSION: 'open' }
  world = await startChangingWorld(lasting, keys(a))
  story = storyContext(world.addresses)
  // Each call finds an expiring token and refreshes it, so PingOne checks our signature each time.
  await story.emulator.set({ accessTokenSeconds: 30, parRequired: true, clientKeysSeconds: 86_400 })
  transports = await Promise.all(TRANSPORTS.map((transport) => openTransport(story, transport)))
}, 120_000)
afterAll(() => world[Symbol.asyncDispose]())

/** Clears PingOne's cached keys: it fetches them once and caches them again. */
async function expireKeyCaches() {
  await story.emulator.set({ clientKeysSeconds: 0 })
  await refreshOnBothTransports('while caches pass')
  await story.emulator.set({ clientKeysSeconds: 86_400 })
}

async function refreshOnBothTransports(when: string) {
  const before = (await story.emulator.state()).grants['refresh_token'] ?? 0
  for (const transport of transports) await transport.todos()
  const renewed = ((await story.emulator.state()).grants['refresh_token'] ?? 0) - before
  expect([when, renewed]).toEqual([when, transports.length])
}

const published = async () => {
  const response = await fetch(`${world.addresses.origin}/.well-known/jwks.json`)
  expect(response.headers.get('cache-control')).toBe('public, max-age=300')
  return response.json()
}

test('the key is replaced with overlap while both transports are in session, and nobody notices', async () => {
  await refreshOnBothTransports('under the first key')
  expect(await published()).toEqual({ keys: [publicHalfOf(a)] })

  await world.deploy(keys(a, b))
  expect(await published()).toEqual({ keys: [publicHalfOf(a), publicHalfOf(b)] })
  await refreshOnBothTransports('while the next is published')
  await expireKeyCaches()

  await world.deploy(keys(b, a))
  await refreshOnBothTransports('under the next key')

  await world.deploy(keys(b))
  expect(await published()).toEqual({ keys: [publicHalfOf(b)] })
  await refreshOnBothTransports('after the first key is gone')
  await expireKeyCaches()
  await refreshOnBothTransports('after PingOne forgot it too')
  // The same sessions and bearers, and a new user's login.
  expect((await openTransport(story, 'stateless')).headers).toHaveProperty('authorization')
}, 240_000)

test('a key that PingOne has not heard of yet is 503 until it has, and ends no grant', async () => {
  await world.deploy(keys(c))
  for (const transport of transports) expect((await transport.call('listTodos', {})).status).toBe(503)
  const isTold = () => world.log.some((line) => /downstream\.not-renewed.*invalid_client/.test(line))
  await expect.poll(isTold).toBe(true)
  await expireKeyCaches()
  await refreshOnBothTransports('when PingOne has heard of it')
}, 240_000)

test('no private part and no assertion is in storage, in the log, or published', async () => {
  const stored = storedFiles(join(world.folder.data, 'mcp')).map(({ text }) => text)
  const places = [
    { name: 'storage', text: stored.join('\n') },
    { name: 'log', text: world.log.join('\n') },
    { name: 'what is published', text: JSON.stringify(await published()) },
  ]
  // The searched places contain data.
  expect(places.map(({ text }) => /Story client|login\.completed|"kid":"c"/.test(text))).toEqual([
    true,
    true,
    true,
  ])
  const privateParts = [a, b, c].flatMap((key) => canariesOfPrivateKey('private key', key))
  expect(findCanaries(privateParts, places)).toEqual([])
  for (const { text } of places) expect(/eyJ[\w-]{8,}\.eyJ[\w-]{8,}/.test(text)).toBe(false)
})
