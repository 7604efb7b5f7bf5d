import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Canary, canariesOf, findCanaries, newCanary, type Place } from '../support/canaries.ts'
import type { Exchange } from '../support/recording-proxy.ts'
import { keptPlaces } from '../support/kept-places.ts'
import { signHead, whenShipped } from '../support/local-records.ts'
import { argumentsOf, reasons, runEverything } from './canary-run.ts'
import {
  type CanaryWorld,
  ownSecretsOf,
  pathOf,
  pingoneCodesOf,
  secretsOf,
  startCanaryWorld,
} from './canary-world.ts'

// Invariant 1: everything runs once, with and without errors, then all recordings are searched for secrets.
let world: CanaryWorld
let secrets: readonly Canary[]
const todoText = newCanary('text of a todo')
let users: readonly Canary[]
/** Storage, D1 and an export of the audit log, and the log, after the last event was shipped. */
let kept: readonly Place[]

beforeAll(async () => {
  world = await startCanaryWorld()
  const { passwords, emails } = await runEverything(world, todoText)
  users = [...canariesOf('password', passwords), ...canariesOf('e-mail address', emails)]
  secrets = secretsOf(world)
  await whenShipped(world.addresses.stateDir)
  await signHead(world.addresses.origin)
  kept = await keptPlaces(world.addresses.stateDir)
}, 180_000)
afterAll(() => world?.[Symbol.asyncDispose]())

const headersOf = (headers: Headers) => [...headers].map(([name, value]) => `${name}: ${value}`).join('\n')

/** Answers to clients and browsers, one place per kind. */
const answers = (leaveOut: (exchange: Exchange) => boolean = () => false): readonly Place[] =>
  world.mcp.exchanges
    .filter((exchange) => !leaveOut(exchange))
    .map((exchange) => ({
      name: `the answer ${exchange.answered.status} to ${exchange.method} ${pathOf(exchange)}`,
      text: `${headersOf(exchange.answered.headers)}\n${exchange.answered.body}`,
    }))

const urls = (leaveOut: (exchange: Exchange) => boolean = () => false): readonly Place[] =>
  [world.mcp, world.pingone, world.todoApi]
    .flatMap(({ exchanges }) => exchanges)
    .filter((exchange) => !leaveOut(exchange))
    .map((exchange) => ({ name: `the URL of ${pathOf(exchange)}`, text: exchange.url }))

test('the run went everywhere, and what is looked for can be found where it belongs', () => {
  const statuses = new Set(
    world.mcp.exchanges.map((one) => `${one.method} ${pathOf(one)} ${one.answered.status}`),
  )
  for (const expected of [
    'POST /register 201',
    'POST /token 200',
    'POST /mcp 200',
    'POST /mcp 401',
    'POST /mcp 503',
  ])
    expect([...statuses]).toContain(expected)
  const wires: Place[] = [world.pingone, world.todoApi].flatMap(({ exchanges }) =>
    exchanges.map(({ asked, answered }) => ({
      name: 'a wire',
      text: [headersOf(asked.headers), asked.body, headersOf(answered.headers), answered.body].join('\n'),
    })),
  )
  const elsewhere = new Set(['root key', 'error of the API'])
  for (const kind of new Set(secrets.map((secret) => secret.kind))) {
    if (elsewhere.has(kind)) continue
    const ofKind = secrets.filter((secret) => secret.kind === kind)
    expect([kind, findCanaries(ofKind, wires)]).toEqual([kind, [`${kind} in a wire`]])
  }
  expect(findCanaries([todoText], answers())).not.toEqual([])
  expect(new Set(secrets.map(({ kind }) => kind)).size).toBeGreaterThan(15)
})

test('T23 nothing of PingOne, of the API or of the server itself reaches a client, a log, storage or a URL', () => {
  const everything = [...secrets, ...users]
  expect(findCanaries(everything, [...answers(), ...kept])).toEqual([])
  // PingOne puts its errors into the redirect to the server.
  const ours = everything.filter(({ kind }) => kind !== 'error of PingOne')
  expect(findCanaries(ours, urls())).toEqual([])
  expect(
    findCanaries(
      everything,
      urls((exchange) => ['/callback', '/signed-in'].includes(pathOf(exchange))),
    ),
  ).toEqual([])
})

test('a code of PingOne is in the redirect to us and nowhere else', () => {
  const elsewhere = urls((exchange) => ['/callback', '/signed-in'].includes(pathOf(exchange)))
  expect(findCanaries(pingoneCodesOf(world), [...answers(), ...kept, ...elsewhere])).toEqual([])
})

test('what we give to clients is in the one answer that the protocol has for it', () => {
  const { tokens, clientSecrets, codes, cookies, handles, ...ofOperators } = ownSecretsOf(world)
  for (const [values, path] of [
    [tokens, '/token'],
    [clientSecrets, '/register'],
    [codes, '/callback'],
    [ofOperators.operatorTokens, '/operate/token'],
    [ofOperators.operatorCodes, '/signed-in'],
  ] as const) {
    expect(values).not.toEqual([])
    const others = answers((exchange) => pathOf(exchange) === path)
    expect(findCanaries(values, [...others, ...kept, ...urls()])).toEqual([])
  }
  const bodies = world.mcp.exchanges.map(({ answered }) => ({ name: 'a page', text: answered.body }))
  // Storage is not searched: the library stores a login under the hash that is in its cookie. The cookie works only
  // together with the handle, which is stored nowhere.
  const log = kept.filter(({ name }) => name.startsWith('the log'))
  expect(findCanaries(cookies, [...bodies, ...log, ...urls()])).toEqual([])
  expect(handles).not.toEqual([])
  expect(findCanaries(handles, kept)).toEqual([])
})

test('T41 of the arguments of a call only a plain one is kept in clear, and the log has no ciphertext', () => {
  const { plain, ...others } = argumentsOf
  expect(findCanaries(Object.values(others), kept)).toEqual([])
  const events = kept.filter(({ name }) => name.startsWith('table events of '))
  expect(findCanaries([plain], events)).not.toEqual([])
  const protectedText = /"(?:personal|email)":"([\w.-]{40,})"/g
  const values = events.flatMap(({ text }) => [...text.matchAll(protectedText)].map(([, value]) => value))
  expect(values.length).toBeGreaterThan(20)
  const log = kept.filter(({ name }) => name.startsWith('the log'))
  expect(log.map(({ text }) => text.includes('"event":"audit"'))).toEqual([true, true])
  expect(findCanaries(canariesOf('protected argument', values), log)).toEqual([])
})

test('reasons and revealed arguments are in the answer to an auditor and nowhere else', () => {
  const isRevealed = (exchange: Exchange) => pathOf(exchange) === '/operate/v1/reveal'
  const { personal, undeclared } = argumentsOf
  const [done, refused] = reasons
  const places = answers((exchange) => !isRevealed(exchange))
  for (const canary of [done, personal, undeclared])
    expect([canary.kind, findCanaries([canary], places)]).not.toEqual([canary.kind, []])
  const everything = [done, refused, personal, undeclared]
  expect(findCanaries(everything, [...answers(isRevealed), ...kept, ...urls()])).toEqual([])
  expect(findCanaries([refused, argumentsOf.secret, argumentsOf.hash], places)).toEqual([])
})

test('what a user wrote is in the results of tools, in the answer to an auditor, and nowhere else', () => {
  const others = answers((exchange) => ['/mcp', '/operate/v1/reveal'].includes(pathOf(exchange)))
  expect(findCanaries([todoText], [...others, ...kept, ...urls()])).toEqual([])
})
