import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { Browser } from '#harness/browser.ts'
import { canariesOfPrivateKey, canariesOfToken, findCanaries, type Place } from '../support/canaries.ts'
import { makePrivateJwk } from '#harness/make-private-jwk.ts'
import type { OtherAnswer } from '../support/recording-proxy.ts'
import { signIn } from '#harness/sign-in.ts'
import { callToolStateless } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'
import { startWatchedWorld, type WatchedWorld } from '../support/watched-world.ts'
import { storedFiles } from '../support/stored-state.ts'

// Invariant 1 for a server without a client secret: only PingOne sees its assertions and nobody its private key,
// although PingOne echoes requests in its errors.
const [signing, next] = [makePrivateJwk('signing'), makePrivateJwk('next')]
let world: WatchedWorld
let isEchoing = false

beforeAll(async () => {
  const echo = ({ asked }: { asked: { body: string } }): OtherAnswer => ({
    status: 400,
    headers: { 'content-type': 'application/json', 'x-echo': asked.body },
    body: JSON.stringify({ error: asked.body, error_description: asked.body, error_uri: asked.body }),
  })
  world = await startWatchedWorld({
    settings: {
      PINGONE_CLIENT_AUTH: 'private_key_jwt',
      MCP_SERVER_PRIVATE_KEY: JSON.stringify({ keys: [signing, next] }),
      PINGONE_PAR: 'on',
    },
    pingone: {
      instead: (exchange) =>
        isEchoing && /\/as\/(?:token|par|revoke)$/.test(exchange.url) ? echo(exchange) : undefined,
    },
  })
  await useEverything()
}, 120_000)
afterAll(() => world?.[Symbol.asyncDispose]())

async function useEverything() {
  const story = storyContext(world.addresses)
  await story.emulator.set({ accessTokenSeconds: 30 })
  const client = await story.newClient()
  const login = () => signIn(new Browser(), client.authorize().url, { user: story.newUser() })
  const { tokens } = await story.signInWith(client)
  const call = () => callToolStateless(client, tokens.access_token, 'listTodos')
  await call()
  isEchoing = true
  await login()
  await call()
  isEchoing = false
  await call()
  await client.revoke(tokens.refresh_token ?? '')
  // The revocation at PingOne runs after the answer.
  await vi.waitFor(() => {
    if (!world.pingone.exchanges.some(({ url }) => url.endsWith('/as/revoke'))) throw new Error('not yet')
  }, 10_000)
  await fetch(`${world.addresses.origin}/.well-known/jwks.json`)
}

const assertions = () =>
  world.pingone.exchanges.flatMap(({ asked }) => new URLSearchParams(asked.body).getAll('client_assertion'))

const headersOf = (headers: Headers) => [...headers].map(([name, value]) => `${name}: ${value}`).join('\n')

function places(): readonly Place[] {
  const folder = describeStateFolder(world.addresses.stateDir)
  return [
    ...storedFiles(join(folder.data, 'mcp')).map(({ text }) => ({ name: 'storage', text })),
    { name: 'the log', text: readFileSync(folder.logOf('mcp'), 'utf8') },
    ...world.mcp.exchanges.map(({ method, url, answered }) => ({
      name: `the answer to ${method} ${url.split('?')[0]}`,
      text: `${headersOf(answered.headers)}\n${answered.body}`,
    })),
    ...[world.mcp, world.pingone, world.todoApi].flatMap(({ exchanges }) =>
      exchanges.map(({ url }) => ({ name: 'a URL', text: url })),
    ),
  ]
}

test('private keys and assertions are in no answer, log, storage or URL', () => {
  const kinds = world.pingone.exchanges
    .filter(({ asked }) => asked.body.includes('client_assertion='))
    .map(({ url }) => url.split('/').at(-1))
  expect(new Set(kinds)).toEqual(new Set(['par', 'token', 'revoke']))
  const secrets = [
    ...[signing, next].flatMap((key) => canariesOfPrivateKey('private key', key)),
    ...assertions()
      .flatMap((assertion) => canariesOfToken('assertion', assertion))
      // The client id is public: browsers see it in the URL of PingOne.
      .filter(({ kind }) => kind !== 'assertion sub'),
  ]
  expect(findCanaries(secrets, places())).toEqual([])
  // PingOne does not get the private key either.
  const sent = world.pingone.exchanges.map(({ asked }) => ({ name: 'PingOne', text: asked.body }))
  expect(
    findCanaries(
      secrets.filter(({ kind }) => kind === 'private key'),
      sent,
    ),
  ).toEqual([])
})

test('no assertion is used twice, and each is good for a minute, for this issuer', () => {
  const claims = assertions().map((assertion) => decodeJwt(assertion))
  expect(claims.length).toBeGreaterThan(5)
  expect(new Set(claims.map(({ jti }) => jti)).size).toBe(claims.length)
  for (const { aud, exp = Infinity, iat = 0 } of claims) {
    expect([aud, exp - iat <= 60]).toEqual([world.addresses.issuer, true])
  }
})

test('a key set that is asked for in odd ways is the public one, or nothing', async () => {
  const url = `${world.addresses.origin}/.well-known/jwks.json`
  const good = await fetch(url)
  expect([good.status, good.headers.get('cache-control')]).toEqual([200, 'public, max-age=300'])
  expect(good.headers.get('set-cookie')).toBeNull()
  const statuses = await Promise.all(
    ['POST', 'PUT', 'DELETE'].map(async (method) => (await fetch(url, { method })).status),
  )
  expect(statuses).toEqual([405, 405, 405])
  for (const odd of [`${url}?kid=signing&private=1`, `${url}/`, url.replace('jwks', 'JWKS')]) {
    const text = await (await fetch(odd)).text()
    expect(findCanaries(canariesOfPrivateKey('private key', signing), [{ name: odd, text }])).toEqual([])
  }
})
