import { beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { err, ok } from '#lib/result.ts'
import { thumbprint } from '#lib/hash.ts'
import type { CallMessage } from '#mcp/calls/idempotency.ts'
import { askAbout, callPolicies, HEAD } from '#harness/policy.ts'
import { KEY_NAME, words } from '#harness/product.ts'
import type { Caller } from '#mcp/calls/caller.ts'
import { invoke, toToolResult } from '#mcp/calls/invoke-tool.ts'
import type { CallApi, CallIntent, CallOutcome, ReadEnd, RefusedToken } from '#users/calls/calls.ts'
import { type AnyTool, defineTool } from '#catalog/define-tool.ts'
import type { ApiCall, CallContext } from '#catalog/tool-context.ts'
import type { ToolDenial } from '#catalog/tool-denial.ts'
import { type CallProblem, sayDenial } from '#mcp/calls/tool-denial.ts'

const TOKEN = 'downstream-token-must-not-leak'
const logged = ['log', 'warn', 'error'] as const
const lines = logged.map((method) => vi.spyOn(console, method).mockImplementation(() => {}))
beforeEach(() => lines.forEach((spy) => spy.mockClear()))

const principal = {
  user: 'ada',
  grant: 'g1',
  client: 'c1',
  scopes: ['todo:read', 'todo:write'],
  expiresAtSeconds: 2_000_000_000,
  tokenHash: 'hash',
  canAudit: false,
  isNameHidden: false,
  hidden: [],
}

const origin = { network: '192.0.2.0/24', agent: 'other', bytesIn: 100 }

/** Keeps in memory what a User would keep in its storage, in the order in which it happened. */
class UserApi implements CallApi {
  readonly events: (
    | ['begin', CallIntent]
    | ['renew', RefusedToken]
    | ['end', string, CallOutcome, string | null]
    | ['run', unknown]
  )[] = []
  start: unknown = { verdict: 'go', call: 'call-1', downstreamToken: TOKEN, user: { name: 'Ada' } }
  async beginCall(intent: CallIntent): Promise<unknown> {
    this.events.push(['begin', intent])
    return this.start
  }
  async renewToken(refused: RefusedToken): Promise<unknown> {
    this.events.push(['renew', refused])
    return this.start
  }
  async endCall(call: string, outcome: CallOutcome, result: string | null): Promise<void> {
    this.events.push(['end', call, outcome, result])
  }
  async endReads(ends: ReadEnd[]): Promise<void> {
    for (const { call, outcome } of ends) this.events.push(['end', call, outcome, null])
  }
}

const invokeTool = async (...call: Parameters<typeof invoke>) => toToolResult(await invoke(...call))

/** What each run of a tool was given for the API. */
const calls: ApiCall[] = []
beforeEach(() => calls.splice(0))

function makeWorld(userApi = new UserApi(), meta?: CallMessage['meta']) {
  const work: Promise<unknown>[] = []
  const stops: CallProblem[] = []
  const caller: Caller = {
    onStop: (problem) => stops.push(problem),
    transport: 'stateless',
    message: { meta },
    origin,
    userApi,
    deadlineMs: 10_000,
    policies: callPolicies,
    waitUntil: (promise) => work.push(promise),
    product: { words, keyName: KEY_NAME },
  }
  const settled = async () => {
    for (const promise of work) await promise
  }
  return { userApi, caller, calls, settled, stops }
}

const toolThat = (
  run: (
    input: unknown,
    context: CallContext,
  ) => Promise<ReturnType<typeof ok<{ said: string }>> | { ok: false; error: ToolDenial }>,
  effect: AnyTool['effect'] = 'add',
) =>
  defineTool({
    name: 'testTool',
    title: 'Test',
    description: 'Use it in tests',
    scopes: ['todo:read', 'todo:write'],
    effect,
    input: z.strictObject({ b: z.number().optional(), a: z.string().trim() }),
    output: z.object({ said: z.string() }),
    run(input, context: CallContext) {
      calls.push(context.call)
      return run(input, context)
    },
    say: ({ said }) => `It said ${said}.`,
  })
const fine = toolThat(async () => ok({ said: 'yes' }))
const textOf = (result: Awaited<ReturnType<typeof invokeTool>>) => result.content[0]?.text

test('the intent is on record before the tool runs, the outcome after it', async () => {
  const { userApi, caller, calls, settled } = makeWorld()
  const tool = toolThat(async (input) => {
    userApi.events.push(['run', input])
    return ok({ said: 'yes' })
  })
  const result = await invokeTool(tool, { a: ' x ' }, principal, caller)
  await settled()
  const transaction = result._meta['transaction']
  expect(result).toEqual({
    content: [
      { type: 'text', text: 'It said yes.' },
      { type: 'text', text: '{"said":"yes"}' },
    ],
    structuredContent: { said: 'yes' },
    _meta: { transaction },
  })
  expect(userApi.events).toEqual([
    [
      'begin',
      {
        policy: HEAD,
        ask: askAbout('testTool'),
        grant: 'g1',
        client: 'c1',
        transport: 'stateless',
        tool: 'testTool',
        effect: 'write',
        step: 'act',
        token: 'hash',
        key: null,
        transaction,
        argumentsDigest: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
        facts: {
          kind: 'tool',
          ...origin,
          scopes: ['todo:read', 'todo:write'],
          arguments: { personal: { a: 'x' } },
        },
      },
    ],
    ['run', { a: 'x' }],
    ['end', 'call-1', 'done', null],
  ])
  expect(calls).toMatchObject([{ idempotencyKey: 'call-1', transaction }])
  expect(JSON.stringify(calls)).not.toContain(TOKEN)
})

test('equal arguments have equal digests, however they were written', async () => {
  const { userApi, caller } = makeWorld()
  await invokeTool(fine, { a: 'x', b: 1 }, principal, caller)
  await invokeTool(fine, { b: 1, a: ' x' }, principal, caller)
  await invokeTool(fine, { b: 2, a: 'x' }, principal, caller)
  const digests = userApi.events.flatMap(([what, intent]) =>
    what === 'begin' ? [intent.argumentsDigest] : [],
  )
  expect(digests[0]).toBe(digests[1])
  expect(digests[0]).not.toBe(digests[2])
})

test.each([
  ['a token without the scope', { ...principal, scopes: ['todo:read'] }, { a: 'x' }, /may not do that/],
  ['an argument that is not known', principal, { a: 'x', c: 1 }, /do not fit/],
  ['arguments of another type', principal, 'x', /do not fit/],
])('with %s nothing begins', async (_what, who, input, words) => {
  const { userApi, caller } = makeWorld()
  const result = await invokeTool(fine, input, who, caller)
  expect(result.isError).toBe(true)
  expect(textOf(result)).toMatch(words)
  expect(userApi.events).toEqual([])
})

test.each([
  [{ verdict: 'ended' }, { reason: 'ended' }],
  [
    { verdict: 'unavailable', retryAfterSeconds: 7 },
    { reason: 'not_started', retryAfterSeconds: 7 },
  ],
  [
    { verdict: 'unavailable', retryAfterSeconds: 300, isLasting: true },
    { reason: 'not_started', retryAfterSeconds: 300, isLasting: true },
  ],
  [{ verdict: 'nonsense' }, { reason: 'not_started', retryAfterSeconds: 5 }],
] as const)('a User that says %j stops the call, and says so for the HTTP answer', async (start, stopped) => {
  const { userApi, caller, calls } = makeWorld()
  userApi.start = start
  const result = await invokeTool(fine, { a: 'x' }, principal, caller)
  expect(result.isError).toBe(true)
  expect(textOf(result)).toBe(sayDenial(stopped, words))
  expect(calls).toEqual([])
})

test.each([
  ['unknown_outcome', 'unknown'],
  ['unavailable', 'failed'],
  ['forbidden', 'refused'],
  ['gone', 'refused'],
] as const)('a tool that ends with %s is on record as %s', async (reason, outcome) => {
  const { userApi, caller, settled } = makeWorld()
  const result = await invokeTool(
    toolThat(async () => err({ reason })),
    { a: 'x' },
    principal,
    caller,
  )
  await settled()
  expect(result.isError).toBe(true)
  expect(result.structuredContent).toBeUndefined()
  expect(userApi.events.at(-1)).toEqual(['end', 'call-1', outcome, null])
})

test.each([
  ['read', 'failed', /incident id: [0-9a-f]+/],
  ['add', 'unknown', /^It is unknown/],
] as const)(
  'a tool to %s that breaks: the record says %s, details stay in the log',
  async (effect, outcome, words) => {
    const { userApi, caller, settled } = makeWorld()
    const broken = toolThat(() => Promise.reject(new Error('secret detail')), effect)
    const result = await invokeTool(broken, { a: 'x' }, principal, caller)
    await settled()
    expect(textOf(result)).toMatch(words)
    expect(JSON.stringify(result)).not.toContain('secret detail')
    expect(userApi.events.at(-1)).toEqual(['end', 'call-1', outcome, null])
    expect(JSON.stringify(lines.flatMap((spy) => spy.mock.calls))).toContain('secret detail')
  },
)

test('an output that does not fit its schema is not shown', async () => {
  const { caller } = makeWorld()
  const tool = defineTool({
    name: 'wrongTool',
    title: 'Wrong',
    description: 'Use it in tests',
    scopes: ['todo:read'],
    effect: 'read',
    input: z.strictObject({}),
    output: z.object({ said: z.string().max(3) }),
    run: async () => ok({ said: 'far too long' }),
    say: ({ said }) => said,
  })
  const result = await invokeTool(tool, {}, principal, caller)
  expect(result.isError).toBe(true)
  expect(JSON.stringify(result)).not.toContain('far too long')
})

test.each([
  ['read', 'failed', /does not answer/],
  ['change', 'unknown', /^It is unknown/],
] as const)('a tool to %s that takes too long is on record as %s', async (effect, outcome, words) => {
  const { userApi, caller, settled } = makeWorld()
  const result = await invokeTool(
    toolThat(() => new Promise(() => {}), effect),
    { a: 'x' },
    principal,
    { ...caller, deadlineMs: 250 },
  )
  await settled()
  expect(textOf(result)).toMatch(words)
  expect(userApi.events.at(-1)).toEqual(['end', 'call-1', outcome, null])
})

test('an outcome that cannot be stored is logged and not shown', async () => {
  const userApi = new UserApi()
  userApi.endCall = () => Promise.reject(new Error('storage is down'))
  const { caller, settled } = makeWorld(userApi)
  const result = await invokeTool(fine, { a: 'x' }, principal, caller)
  await settled()
  expect(result.isError).toBeUndefined()
  expect(JSON.stringify(lines.flatMap((spy) => spy.mock.calls))).toContain('call.not-ended')
})

test('a User that cannot be reached stops the call', async () => {
  const userApi = new UserApi()
  userApi.beginCall = () => Promise.reject(new Error('object is down'))
  const { caller, calls } = makeWorld(userApi)
  const result = await invokeTool(fine, { a: 'x' }, principal, caller)
  expect(textOf(result)).toMatch(/could not be started/)
  expect(calls).toEqual([])
  expect(JSON.stringify(result)).not.toContain('object is down')
})

test('a tool sees the user and no token', async () => {
  const { caller } = makeWorld()
  let seen: unknown
  const tool = toolThat(async (_input, context) => {
    seen = context.me
    return ok({ said: 'yes' })
  })
  await invokeTool(tool, { a: 'x' }, principal, caller)
  expect(seen).toEqual({
    name: 'Ada',
    scopes: principal.scopes,
    accessEndsAtSeconds: 2_000_000_000,
    downstream: null,
  })
})

/** A tool that does what a client of an API does after a 401: asks for another token, once. */
const replaced: string[] = []
beforeEach(() => replaced.splice(0))
async function replace({ token, replaceToken }: ApiCall) {
  const other = await replaceToken(token)
  replaced.push(other.ok ? other.value.reveal() : other.error)
}
const refusedTool = toolThat(async (_input, { call }) => {
  await replace(call)
  return err({ reason: 'unauthorized' })
})

function makeRefusingWorld(starts: unknown[]) {
  const userApi = new UserApi()
  const rest = [...starts]
  userApi.renewToken = async (refused) => {
    userApi.events.push(['renew', refused])
    return rest.shift()
  }
  const world = makeWorld(userApi)
  return { ...world, replaced }
}
const go = (downstreamToken: string) => ({
  verdict: 'go',
  call: 'call-1',
  downstreamToken,
  user: { name: null },
})

test('a token that the API refused is replaced by beginning the same call once more', async () => {
  const { userApi, caller, replaced, settled, stops } = makeRefusingWorld([go('newer-token')])
  const result = await invokeTool(refusedTool, { a: 'x' }, principal, caller)
  await settled()
  const [[, first] = [], again] = userApi.events
  const refused = await thumbprint(TOKEN)
  expect(first).toMatchObject({ grant: 'g1', client: 'c1', transaction: result._meta['transaction'] })
  expect(again).toEqual([
    'renew',
    { grant: 'g1', client: 'c1', transaction: result._meta['transaction'], refused },
  ])
  expect(userApi.events.slice(2)).toEqual([['end', 'call-1', 'refused', null]])
  expect(replaced).toEqual(['newer-token'])
  // The tool still says that the API does not accept it: then nothing has ended, and it is no HTTP status.
  expect(stops).toEqual([])
  expect(textOf(result)).toMatch(/does not accept the token of this server/)
  expect(JSON.stringify([result, lines.map((spy) => spy.mock.calls)])).not.toMatch(/newer-token|must-not/)
})

test.each([
  ['the same token', go(TOKEN), 'none_newer', undefined],
  ['that the grant has ended', { verdict: 'ended' }, 'stopped', { reason: 'ended' }],
  [
    'that PingOne is down',
    { verdict: 'unavailable', retryAfterSeconds: 9 },
    'stopped',
    { reason: 'not_started', retryAfterSeconds: 9 },
  ],
])('where the User then says %s', async (_what, start, other, stopped) => {
  const { caller, replaced, stops } = makeRefusingWorld([start])
  await invokeTool(refusedTool, { a: 'x' }, principal, caller)
  expect(replaced).toEqual([other])
  expect(stops).toEqual(stopped === undefined ? [] : [stopped])
})

test('a call that did something before it was refused does not look as if it had not begun', async () => {
  const { caller, stops } = makeRefusingWorld([{ verdict: 'ended' }])
  const tool = toolThat(async (_input, { call }) => {
    await replace(call)
    return err({ reason: 'unknown_outcome' })
  })
  const result = await invokeTool(tool, { a: 'x' }, principal, caller)
  expect(stops).toEqual([])
  expect(textOf(result)).toMatch(/^It is unknown/)
})

test('after the outcome was told, no newer token is given: nothing is sent for the call any more', async () => {
  const { caller, replaced, userApi } = makeRefusingWorld([])
  const { promise: late, resolve } = Promise.withResolvers<unknown>()
  userApi.renewToken = () => late
  const result = await invokeTool(refusedTool, { a: 'x' }, principal, { ...caller, deadlineMs: 250 })
  expect(textOf(result)).toMatch(/^It is unknown/)
  resolve(go('newer-token'))
  await expect.poll(() => replaced).toEqual(['stopped'])
})

const meta = { [KEY_NAME]: 'order-7' }
const kept = JSON.stringify({ structured: { said: 'yes' }, text: 'It said yes.' })

test('a write with a key is told to the User with a hash of it, and its answer is kept', async () => {
  const { userApi, caller, settled } = makeWorld(new UserApi(), meta)
  await invokeTool(fine, { a: 'x' }, principal, caller)
  await settled()
  const [begun, ended] = userApi.events
  expect(begun).toMatchObject([
    'begin',
    { effect: 'write', key: { hash: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) } },
  ])
  expect(JSON.stringify(begun)).not.toContain('order-7')
  expect(ended).toEqual(['end', 'call-1', 'done', kept])
})

test('an answer that is too large, and one that is no success, are not kept', async () => {
  const { userApi, caller, settled } = makeWorld(new UserApi(), meta)
  for (const answer of [ok({ said: 'ä'.repeat(40_000) }), err({ reason: 'gone' as const })]) {
    await invokeTool(
      toolThat(async () => answer),
      { a: 'x' },
      principal,
      caller,
    )
  }
  await settled()
  expect(userApi.events.filter(([what]) => what === 'end')).toEqual([
    ['end', 'call-1', 'done', null],
    ['end', 'call-1', 'refused', null],
  ])
})

const again = { call: 'call-0' }

test('a repeat is answered as the first call was, and nothing runs', async () => {
  const { userApi, caller, calls, settled } = makeWorld(new UserApi(), meta)
  userApi.start = { verdict: 'repeat', ...again, result: kept }
  const result = await invokeTool(fine, { a: 'x' }, principal, caller)
  await settled()
  expect(result).toEqual({
    content: [
      { type: 'text', text: 'It said yes.' },
      { type: 'text', text: '{"said":"yes"}' },
    ],
    structuredContent: { said: 'yes' },
    _meta: { transaction: 'call-0', repeated: true },
  })
  expect(calls).toEqual([])
  expect(userApi.events).toHaveLength(1)
})

test.each([
  ['is running', { verdict: 'running', ...again }, /still running.*with the same key/],
  ['ended unknown', { verdict: 'unknown', ...again }, /^It is unknown.*listTodos/],
  ['was another one', { verdict: 'mismatch', ...again }, /used for other arguments/],
  ['has no answer left', { verdict: 'repeat', ...again, result: null }, /not made again\. Call listTodos/],
  ['has an answer of an older release', { verdict: 'repeat', ...again, result: '{}' }, /not made again/],
])('a call whose earlier call %s says so, names it, and runs nothing', async (_what, start, words) => {
  const { userApi, caller, calls, settled } = makeWorld(new UserApi(), meta)
  userApi.start = start
  const result = await invokeTool(fine, { a: 'x' }, principal, caller)
  await settled()
  expect(textOf(result)).toMatch(words)
  expect(result).toMatchObject({ isError: true, _meta: { transaction: 'call-0' } })
  // A tool's own denial, not an HTTP status: neither a new login nor waiting for this server would help.
  expect(result._meta).not.toHaveProperty('stopped')
  expect(calls).toEqual([])
  expect(userApi.events).toHaveLength(1)
})

test.each([[''], ['with space'], ['x'.repeat(129)], ['käse'], [7], [null], [['a']]])(
  'the key %j is refused before anything begins',
  async (key) => {
    const { userApi, caller } = makeWorld(new UserApi(), { [KEY_NAME]: key })
    expect(textOf(await invokeTool(fine, { a: 'x' }, principal, caller))).toMatch(/^An idempotency key is/)
    expect(userApi.events).toEqual([])
  },
)
