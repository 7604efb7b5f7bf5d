import fc from 'fast-check'
import { makeReads, readAsked, matchTemplate } from '#mcp/lists/reads.ts'
import { readMessage } from '#mcp/edge/read-message.ts'
import { readState, writeState } from '#mcp/stateless/request-state.ts'
import { openSessionId, signSessionId } from '#mcp/session/headers.ts'
import { catalog } from '../product.ts'
import { oddJson, oddText, corrupted } from './odd.ts'
import { mustHold, type ParserProperty, propertyOf } from './parser-property.ts'

const algorithm = { name: 'HMAC', hash: 'SHA-256' }
const key = await crypto.subtle.importKey('raw', new Uint8Array(32).fill(7), algorithm, false, [
  'sign',
  'verify',
])
const stateKeys = [key] as const
const reads = makeReads(catalog)

const message = corrupted(
  fc.record({
    jsonrpc: fc.constant('2.0'),
    id: fc.nat(),
    method: fc.constantFrom(
      'tools/call',
      'resources/read',
      'prompts/get',
      'completion/complete',
      'tools/list',
    ),
    params: fc.record(
      {
        name: fc.oneof(fc.constantFrom('addTodo', 'planMyDay'), oddText),
        uri: fc.oneof(fc.constantFrom('todo://list', 'todo://items/a'), oddText),
        arguments: oddJson,
        ref: fc.constantFrom(
          { type: 'ref/resource', uri: 'todo://items/{id}' },
          { type: 'ref/prompt', name: 'planMyDay' },
        ),
        argument: fc.record({ name: oddText, value: oddText }),
      },
      { requiredKeys: [] },
    ),
  }),
)
const post = (body: BodyInit, type = 'application/json') =>
  new Request('https://a.example/mcp', { method: 'POST', body, headers: { 'content-type': type } })

const owner = fc.record({ user: oddText, client: oddText })
const session = fc.stringMatching(/^[0-9a-f]{64}$/)
const state = fc.record({
  call: oddText,
  subject: oddText,
  nonce: oddText,
  endsAtSeconds: fc.constant(2_000),
})
const principal = {
  user: 'ada',
  grant: 'g',
  client: 'c',
  scopes: [],
  expiresAtSeconds: 9,
  tokenHash: 'hash',
  canAudit: false,
  isNameHidden: false,
  hidden: [],
}
const variable = fc.stringMatching(/^[a-z][A-Za-z0-9]{0,6}$/)
const literal = fc.stringMatching(/^[a-z.+*()[\]|$^\\/:-]{1,8}$/)
export const mcpProperties: readonly ParserProperty[] = [
  propertyOf(
    'a body is one message that was JSON, or is refused with 4xx',
    fc.oneof(
      oddText,
      message.map((value) => JSON.stringify(value) ?? ''),
    ),
    async (body) => {
      const read = await readMessage(post(body))
      if (!read.ok) return mustHold(read.error.status >= 400 && read.error.status < 500, 'another status')
      mustHold(
        !Array.isArray(read.value.parsed) &&
          read.value.body === new TextDecoder().decode(new TextEncoder().encode(body)),
        'another text',
      )
    },
  ),
  propertyOf(
    'bytes that are no UTF-8, and other types, are refused',
    fc.tuple(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom('application/json', 'text/json', 'application/jsonx'),
    ),
    async ([bytes, type]) => {
      const read = await readMessage(post(Uint8Array.from(bytes), type))
      if (type !== 'application/json')
        mustHold(!read.ok && read.error.status === 415, 'another type is taken')
      if (read.ok) JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    },
  ),
  propertyOf('what a message reads is of the product, or nothing', fc.oneof(message, oddJson), (given) => {
    const act = readAsked(reads, given)?.act
    mustHold(act === undefined || /^(?:resource|prompt|completion)\//.test(act.name), 'something else')
    mustHold(act === undefined || act.effect === 'read', 'a read that changes something')
  }),
  propertyOf(
    'an address fits a template with the values that it was made of',
    fc.tuple(literal, variable, variable, oddText, oddText),
    ([before, one, two, first, second]) => {
      const [a, b] = [first.toWellFormed(), second.toWellFormed()]
      if (a === '' || b === '' || one === two) return
      const match = matchTemplate(`x://${before}/{${one}}/${before}/{${two}}`)
      const found = match(`x://${before}/${encodeURIComponent(a)}/${before}/${encodeURIComponent(b)}`)
      mustHold(found?.[one] === a && found[two] === b, JSON.stringify(found))
    },
  ),
  propertyOf('any address fits a template or does not', oddText, (text) => {
    const found = matchTemplate('todo://items/{id}')(`todo://items/${text}`)
    mustHold(found === null || typeof found['id'] === 'string', 'a value that is no text')
    const read = reads.resource(`todo://items/${text}`)
    mustHold(!read.ok || /^[A-Za-z0-9_-]{1,128}$/.test(decodeURIComponent(text)), 'an id that is none')
  }),
  propertyOf(
    'a session id opens for its owner alone',
    fc.tuple(session, owner, owner),
    async ([name, one, other]) => {
      const id = await signSessionId([key], name, one)
      mustHold((await openSessionId([key], id, one)) === name, 'not for its owner')
      const isSame = JSON.stringify(one) === JSON.stringify(other)
      mustHold(isSame || (await openSessionId([key], id, other)) === null, 'for another')
    },
  ),
  propertyOf(
    'no text is a session id of ours',
    fc.oneof(
      oddText,
      fc.tuple(session, fc.stringMatching(/^[A-Za-z0-9_-]{43}$/)).map((parts) => parts.join('.')),
    ),
    async (text) => {
      mustHold((await openSessionId([key], text, { user: 'a', client: 'b' })) === null, 'it was taken')
    },
  ),
  propertyOf('a request state is read as it was written, in its time', state, async (given) => {
    const text = await writeState(stateKeys, principal, given)
    // Longer ids than the grammar allows are never ours.
    if (text.length > 4000) return
    const read = await readState(stateKeys, principal, text, 1_000)
    const { client } = principal
    mustHold(JSON.stringify(read) === JSON.stringify({ ...given, client }), 'another')
    mustHold((await readState(stateKeys, principal, text, 2_000)) === null, 'after its end')
    mustHold((await readState(stateKeys, { ...principal, user: 'bob' }, text, 1_000)) === null, 'for another')
  }),
  propertyOf(
    'no text is a request state',
    fc.oneof(oddText, fc.stringMatching(/^ask1\.[A-Za-z0-9_-]{1,30}\.[A-Za-z0-9_-]{43}$/)),
    async (text) => {
      mustHold((await readState(stateKeys, principal, text, 0)) === null, 'it was taken')
    },
  ),
]
