import { expect, test } from 'vitest'
import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
import { CallFacts, EndFacts } from '#events/call-facts.ts'
import { callFacts, endFacts } from '#mcp/calls/call-facts.ts'

const origin = { network: '192.0.2.0/24', agent: 'claude', bytesIn: 120 }
const toolOf = (name: string) => ({
  name,
  scopes: ['a:read', 'a:write'] as const,
  input: z.strictObject({ id: keptAs('plain', z.string()), pin: keptAs('secret', z.string().optional()) }),
})
const factsOf = (name: string, meta?: Record<string, unknown>) =>
  callFacts(toolOf(name), { id: '1', pin: '0000' }, meta, origin)

test('facts of a call are what the contract names, without a secret', () => {
  const facts = factsOf('addThing', { progressToken: 7 })
  expect(facts).toEqual({
    kind: 'tool',
    ...origin,
    progressToken: 7,
    scopes: ['a:read', 'a:write'],
    arguments: { plain: { id: '1' } },
  })
  expect(CallFacts.parse(facts)).toEqual(facts)
})

test.each([
  ['addThing', 'tool'],
  ['resource/things', 'resource'],
  ['prompt/things', 'prompt'],
  ['completion/things.id', 'completion'],
])('%s is a %s', (name, kind) => {
  expect(factsOf(name).kind).toBe(kind)
})

test('of arguments that do not fit nothing is kept', () => {
  expect(callFacts(toolOf('addThing'), null, undefined, origin).arguments).toEqual({})
})

test.each([
  [0, 0],
  [-1.5, -1.5],
  ['p', 'p'],
  ['x'.repeat(20), 'x'.repeat(20)],
  ['7f9a1f2e-0000-4000-8000-000000000001', '7f9a1f2e-0000-4000-8000-000000000001'],
  ['', undefined],
  ['x'.repeat(65), undefined],
  ['two words', undefined],
  ['naïve', undefined],
  [Infinity, undefined],
  [{ a: 1 }, undefined],
  [null, undefined],
  // What may be a token, a link or an address is none.
  ['eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.sig', undefined],
  ['0123456789abcdef0123456789abcdef', undefined],
  ['AbCdEfGhIjKlMnOpQrStUvWxYz012345', undefined],
  ['ada@example.com', undefined],
  ['https://a.example/?code=1', undefined],
  ['token=secret', undefined],
])('the progress token %j is kept as %j', (progressToken, kept) => {
  expect(factsOf('addThing', { progressToken }).progressToken).toBe(kept)
})

test.each([
  [null, { ms: 3, api: undefined, by: undefined }, { ms: 3 }],
  [
    { reason: 'declined' },
    { ms: 3, api: undefined, by: 'user' },
    { reason: 'declined', ms: 3, confirmedBy: 'user' },
  ],
  [
    { reason: 'broken', incident: 'abc' },
    { ms: 3, api: { requests: 1, ms: 2, bytesSent: 0, bytesReceived: 9 }, by: 'model' },
    {
      reason: 'broken',
      incident: 'abc',
      ms: 3,
      api: { requests: 1, ms: 2, bytesSent: 0, bytesReceived: 9 },
      confirmedBy: 'model',
    },
  ],
] as const)('the end of a call with %j and %j', (problem, known, expected) => {
  const facts = endFacts(problem, known)
  expect(facts).toEqual(expected)
  expect(EndFacts.parse(facts)).toEqual(expected)
})
