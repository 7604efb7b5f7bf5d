import fc from 'fast-check'
import { oddJson, oddText, corrupted } from '#harness/fuzz/odd.ts'
import { KEY_NAME } from '#harness/product.ts'

const PREFIX = 'io.modelcontextprotocol'

const tool = fc.constantFrom('whoAmI', 'listTodos', 'addTodo', 'updateTodo', 'deleteTodo', 'noSuchTool')
const uri = fc.oneof(
  fc.constantFrom('todo://list', 'todo://items/t1', 'todo://items/{id}'),
  oddText,
  oddText.map((text) => `todo://items/${text}`),
)

const toolArguments = fc.record(
  {
    text: fc.oneof(fc.constant('buy milk'), oddText),
    id: fc.oneof(fc.constantFrom('t0', 't1', 't2'), oddText),
    ids: fc.array(fc.constantFrom('t0', 't1', 't2', 't9'), { maxLength: 4 }),
    completed: fc.boolean(),
    confirm: fc.boolean(),
  },
  { requiredKeys: [] },
)

/** Parameters by method. */
const paramsOf: Readonly<Record<string, fc.Arbitrary<object>>> = {
  'tools/call': fc.oneof(
    fc.record({ name: tool, arguments: toolArguments }),
    fc.record({ name: fc.constantFrom('listTodos', 'whoAmI'), arguments: fc.constant({}) }),
    fc.record({ name: fc.constant('addTodo'), arguments: fc.record({ text: fc.constant('buy milk') }) }),
    fc.record({
      name: fc.constant('deleteTodo'),
      arguments: fc.record({ ids: fc.constant(['t0', 't1']) }),
      requestState: fc.oneof(
        oddText,
        oddText.map((text) => `ask1.${text}.${'A'.repeat(43)}`),
      ),
      inputResponses: oddJson,
    }),
  ),
  'tools/list': fc.record({ cursor: oddJson }, { requiredKeys: [] }),
  'resources/list': fc.record({ cursor: oddJson }, { requiredKeys: [] }),
  'resources/templates/list': fc.record({ cursor: oddJson }, { requiredKeys: [] }),
  'resources/read': fc.record({ uri }),
  'resources/subscribe': fc.record({ uri }),
  'prompts/list': fc.record({ cursor: oddJson }, { requiredKeys: [] }),
  'prompts/get': fc.record(
    { name: fc.constantFrom('planMyDay', 'reviewOpen', 'toString'), arguments: oddJson },
    { requiredKeys: ['name'] },
  ),
  'completion/complete': fc.record({
    ref: fc.oneof(
      fc.record({ type: fc.constant('ref/resource'), uri: fc.constant('todo://items/{id}') }),
      fc.record({ type: fc.constant('ref/prompt'), name: fc.constant('planMyDay') }),
    ),
    argument: fc.record({ name: fc.constantFrom('id', 'constructor'), value: oddText }),
  }),
  'server/discover': fc.constant({}),
  'subscriptions/listen': fc.record({ notifications: oddJson }),
  ping: fc.constant({}),
  initialize: fc.record({
    protocolVersion: fc.constantFrom('2025-11-25', '2025-06-18', '2025-03-26', '1999-01-01'),
    capabilities: fc.constantFrom({}, { elicitation: {} }, { sampling: {} }),
    clientInfo: fc.constant({ name: 'fuzz', version: '1' }),
  }),
  'logging/setLevel': fc.record({ level: fc.constantFrom('debug', 'loud') }),
  'notifications/initialized': fc.constant({}),
  'notifications/cancelled': fc.record({ requestId: fc.constantFrom<unknown>(1, 2, 'a', null) }),
  'notifications/progress': fc.record({ progressToken: fc.constant(1), progress: fc.double() }),
  'notifications/roots/list_changed': fc.constant({}),
  'elicitation/create': fc.constant({ message: 'x', requestedSchema: {} }),
  'tasks/get': fc.record({ taskId: oddText }),
}

const knownParams = new Map(Object.entries(paramsOf))

const method = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('tools/call', 'tools/list', 'resources/read', 'prompts/get') },
  // `initialize` creates an object, which costs as much as ten other cases.
  { weight: 9, arbitrary: fc.constantFrom(...Object.keys(paramsOf).filter((name) => name !== 'initialize')) },
  { weight: 1, arbitrary: fc.constant('initialize') },
  { weight: 1, arbitrary: oddText },
)

const id = fc.oneof(
  { weight: 12, arbitrary: fc.nat(1_000_000_000) },
  { weight: 4, arbitrary: fc.uuid() },
  { weight: 1, arbitrary: oddJson },
)

/** Mostly valid: an invalid field hides the checks of the later ones. */
const mostly = <T>(good: fc.Arbitrary<T>, other: fc.Arbitrary<unknown> = oddJson): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 12, arbitrary: good }, { weight: 1, arbitrary: other })

const statelessMeta = fc.record(
  {
    [`${PREFIX}/protocolVersion`]: fc.constant('2026-07-28'),
    [`${PREFIX}/clientCapabilities`]: mostly(fc.constantFrom({}, { elicitation: {} })),
    [`${PREFIX}/clientInfo`]: mostly(fc.constant({ name: 'fuzz', version: '1' })),
    [`${PREFIX}/logLevel`]: mostly(fc.constant('info')),
    progressToken: mostly(fc.nat(5)),
    [KEY_NAME]: mostly(fc.uuid(), fc.oneof(oddText, oddJson)),
    traceparent: fc.oneof(fc.constant(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`), oddText),
    tracestate: oddText,
    baggage: oddText,
  },
  { requiredKeys: [`${PREFIX}/protocolVersion`, `${PREFIX}/clientCapabilities`] },
)
const sessionMeta = fc.record(
  { progressToken: mostly(fc.nat(5)), [KEY_NAME]: mostly(fc.uuid()), traceparent: oddText },
  { requiredKeys: [] },
)

/** An answer to a request that the server may not have sent. */
const reply = fc.record({
  jsonrpc: fc.constant('2.0'),
  id,
  result: fc.oneof(fc.constant({ action: 'accept', content: { confirm: true } }), oddJson),
})

const request = (meta: fc.Arbitrary<object>) =>
  method.chain((name) =>
    fc.record({
      jsonrpc: fc.constant('2.0'),
      method: fc.constant(name),
      ...(name.startsWith('notifications/') ? {} : { id }),
      params: fc
        .tuple(knownParams.get(name) ?? fc.constant({}), meta)
        .map(([params, _meta]) => ({ ...params, _meta })),
    }),
  )

export const statelessMessage = corrupted(
  fc.oneof({ weight: 15, arbitrary: request(statelessMeta) }, { weight: 1, arbitrary: reply }),
)
export const sessionMessage = corrupted(
  fc.oneof({ weight: 10, arbitrary: request(sessionMeta) }, { weight: 1, arbitrary: reply }),
)

/** Mostly JSON, sometimes malformed. */
export const bodyOf = (message: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 60, arbitrary: message.map((value) => JSON.stringify(value) ?? '') },
    { weight: 1, arbitrary: fc.array(message, { maxLength: 3 }).map((all) => JSON.stringify(all)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(message, fc.nat(200))
        .map(([value, at]) => (JSON.stringify(value) ?? '').slice(0, at)),
    },
    { weight: 1, arbitrary: message.map((value) => `\uFEFF${JSON.stringify(value)}`) },
    { weight: 1, arbitrary: oddJson.map((value) => JSON.stringify(value) ?? '') },
    { weight: 1, arbitrary: oddText },
    { weight: 1, arbitrary: fc.integer({ min: 10, max: 20_000 }).map((depth) => '['.repeat(depth)) },
    {
      weight: 1,
      arbitrary: fc
        .integer({ min: 10, max: 5_000 })
        .map(
          (depth) =>
            `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`,
        ),
    },
    {
      weight: 1,
      arbitrary: fc.constant('{"jsonrpc":"2.0","id":1e999,"method":"ping","method":"tools/call"}'),
    },
  )
