import { afterEach, expect, test } from 'vitest'
import { callMessage, INITIALIZE, messageIn } from '#harness/messages.ts'
import type { SwitchTarget } from '#policy/switches.ts'
import { allowAll, control, enforce, switchOf } from '../policies.ts'
import { ask, denialsOf, lists } from './policy-asks.ts'
import { callIn, callsOf, follow, openSession, post, send, TRANSPORTS } from './raw.ts'

afterEach(allowAll)

const untilMs = Date.parse('2100-01-02T03:04:00Z')
const WORDS =
  'An operator of this server has switched this off. Nothing was changed. Its operator says: “It is being repaired.” It is on ' +
  'again at 2100-01-02 03:04 UTC: tell the user, and try again then.'

const BROAD: SwitchTarget[] = [
  { kind: 'everything' },
  { kind: 'user', value: 'off' },
  { kind: 'client', value: 'client' },
]

test.for(TRANSPORTS.flatMap((transport) => BROAD.map((target) => ({ transport, target }))))(
  '$transport: $target.kind is switched off before scopes, names and arguments are looked at',
  async ({ transport, target }) => {
    const one = switchOf(target, { untilMs })
    const facts = { reason: 'switched_off', rule: one.id, opensAt: '2100-01-02T03:04:00.000Z' }
    const session = await openSession('off:g:r.client')
    await enforce([{ id: 'hidden', what: { kind: 'any' }, effect: 'hide' }], { switches: [one] })
    const inSession = (message: object) => post('off:g:r.client', message, { 'mcp-session-id': session })
    for (const name of ['listTodos', 'addTodo', 'neverTodo']) {
      const denied =
        transport === 'session'
          ? messageIn(await (await inSession(callMessage(name))).text())
          : (await ask(transport, 'off:g:r.client', 'tools/call', { name, arguments: {} })).body
      const content = [{ type: 'text', text: WORDS }]
      expect(denied).toMatchObject({ id: 1, result: { isError: true, content, _meta: facts } })
    }
    const others = ['tools/list', 'prompts/list', 'resources/read', 'ping']
    for (const method of others) {
      const message = { jsonrpc: '2.0', id: 1, method, params: { uri: 'todo://list' } }
      const answer =
        transport === 'session'
          ? await inSession(message)
          : await ask(transport, 'off:g:r.client', method, { uri: 'todo://list' })
      expect(answer.status).toBe(200)
      const body = answer instanceof Response ? messageIn(await answer.text()) : answer.body
      expect(body).toMatchObject({ id: 1, error: { message: WORDS, data: facts } })
    }
    expect(await callsOf('off')).toEqual([])
    const decision = { effect: 'deny', rules: [one.id], policy: control.head?.policy }
    expect(await denialsOf('off')).toContainEqual(
      expect.objectContaining({ reason: 'switched_off', decision }),
    )
  },
)

test('while everything is switched off nobody begins a session or a stream, and a session can still be ended', async () => {
  const bearer = 'all:g:r.client'
  const session = await openSession(bearer)
  await enforce([], { switches: [switchOf({ kind: 'everything' })] })
  const begun = await post(bearer, INITIALIZE)
  expect([begun.status, begun.headers.get('mcp-session-id')]).toEqual([200, null])
  expect(await begun.text()).toContain('It stays off until an operator switches it on')
  const stream = await send('GET', bearer, { 'mcp-session-id': session })
  expect([stream.status, stream.headers.get('retry-after')]).toEqual([503, '60'])
  expect(await stream.text()).toContain('It is being repaired.')
  expect((await send('DELETE', bearer, { 'mcp-session-id': session })).status).toBe(204)
})

test.for(TRANSPORTS)('%s: a switch that has ended, or is for another, does nothing', async (transport) => {
  const switches = [
    switchOf({ kind: 'everything' }, { untilMs: Date.now() - 1 }),
    switchOf({ kind: 'user', value: 'another' }),
    switchOf({ kind: 'client', value: 'another' }),
    // A client that registered itself has no domain.
    switchOf({ kind: 'domain', value: 'client' }),
    switchOf({ kind: 'tool', value: 'addTodo' }),
    switchOf({ kind: 'app', value: 'server' }),
  ]
  await enforce([], { switches })
  const answer = await ask(transport, 'on:g:r.client', 'tools/call', { name: 'listTodos', arguments: {} })
  expect(answer.text).toContain('"total":0')
})

test.for(TRANSPORTS)('%s: one tool is switched off, and stays on the list', async (transport) => {
  const bearer = 'one_tool:g:r.client'
  await enforce([], { switches: [switchOf({ kind: 'tool', value: 'listTodos' })] })
  const denied = await ask(transport, bearer, 'tools/call', { name: 'listTodos', arguments: { limit: 'x' } })
  expect(denied.text).toContain('"reason":"switched_off"')
  expect((await ask(transport, bearer, 'tools/list')).text).toContain('"listTodos"')
  expect((await ask(transport, bearer, 'resources/read', { uri: 'todo://list' })).text).toContain(
    '"contents"',
  )
})

test.for(TRANSPORTS)(
  '%s: an app is switched off with all that it has, and keeps its lists',
  async (transport) => {
    const bearer = 'one_app:g:r.client'
    await enforce([], { switches: [switchOf({ kind: 'app', value: 'todos' })] })
    for (const [method, params] of [
      ['tools/call', { name: 'listTodos', arguments: {} }],
      ['prompts/get', { name: 'planMyDay' }],
      ['resources/read', { uri: 'todo://list' }],
    ] as const)
      expect((await ask(transport, bearer, method, params)).text).toContain('"reason":"switched_off"')
    for (const { method } of lists) expect((await ask(transport, bearer, method)).text).toContain('"result"')
  },
)

test('an open stream ends once a switch concerns its user, its client or everything', async () => {
  for (const target of BROAD) {
    const bearer = 'off:g:r.client'
    const session = await openSession(bearer)
    const stream = follow(await send('GET', bearer, { 'mcp-session-id': session }))
    await enforce([], { switches: [switchOf({ kind: 'user', value: 'another' })] })
    await scheduler.wait(500)
    expect(stream.isOver).toBe(false)
    await enforce([], { switches: [switchOf(target)] })
    await expect.poll(() => stream.isOver).toBe(true)
    allowAll()
  }
})

test('a stream outlives a time without a head', async () => {
  const bearer = 'headless:g:r.client'
  const session = await openSession(bearer)
  const stream = follow(await send('GET', bearer, { 'mcp-session-id': session }))
  control.head = null
  await scheduler.wait(500)
  expect(stream.isOver).toBe(false)
})

const OUTAGES = [
  ['no head is young enough', () => (control.head = null)],
  ['the document cannot be fetched', () => (control.isDown = true)],
  ['nobody has the document', () => (control.head = { policy: 'another', switches: [] })],
] as const

test.for(TRANSPORTS.flatMap((transport) => OUTAGES.map(([why, fail]) => ({ transport, why, fail }))))(
  '$transport: where $why, every request gets 503 and nothing is denied',
  async ({ transport, fail }) => {
    const user = `outage_${transport}`
    const bearer = `${user}:g:r.client`
    const session = await openSession(bearer)
    await enforce([])
    fail()
    const requests = [
      ['tools/call', { name: 'listTodos', arguments: {} }],
      ['prompts/get', { name: 'planMyDay' }],
      ['resources/read', { uri: 'todo://list' }],
      ...lists.map(({ method }) => [method, {}] as const),
    ] as const
    for (const [method, params] of requests) {
      const message = { jsonrpc: '2.0', id: 1, method, params }
      const answer =
        transport === 'session'
          ? await post(bearer, message, { 'mcp-session-id': session })
          : await ask(transport, bearer, method, params)
      expect(answer.status).toBe(503)
      const [text, headers] =
        answer instanceof Response
          ? [await answer.text(), answer.headers]
          : [answer.text, new Headers(answer.headers)]
      expect(headers.get('retry-after')).toBe('5')
      expect(messageIn(text)).toEqual({
        jsonrpc: '2.0',
        id: 1,
        error: {
          code: -31_000,
          message:
            'This server cannot read its policy now, so nothing was decided and nothing was changed. Try again in a moment.',
        },
      })
    }
    expect(await callsOf(user)).toEqual([])
    expect(await denialsOf(user)).toEqual([])
  },
)

test('a call with a bearer that is not accepted is 401 also where there is no head', async () => {
  control.head = null
  expect((await callIn('stateless', 'nobody', 'listTodos')).status).toBe(401)
})

test.for(TRANSPORTS)('%s: a rule about the connection stops every request', async (transport) => {
  const bearer = 'connects:g:r.client'
  const session = await openSession(bearer)
  await enforce([{ id: 'staff', what: { kind: 'server' }, who: [{ group: 'staff' }], effect: 'allow' }])
  const call = callMessage('listTodos')
  const denied =
    transport === 'session'
      ? messageIn(await (await post(bearer, call, { 'mcp-session-id': session })).text())
      : (await ask(transport, bearer, 'tools/call', call.params)).body
  expect(denied).toMatchObject({ result: { isError: true, _meta: { reason: 'policy_no_access' } } })
  expect((await post(bearer, INITIALIZE)).headers.get('mcp-session-id')).toBeNull()
  if (transport === 'stateless') return
  const stream = await send('GET', bearer, { 'mcp-session-id': session })
  expect([stream.status, stream.headers.get('allow')]).toEqual([405, 'POST'])
})
