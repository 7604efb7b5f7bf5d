import { expect, test } from 'vitest'
import { z } from 'zod'
import { INITIALIZE, NAMED_META, rpcRequest } from '#harness/messages.ts'
import { storyContext } from '#harness/story.ts'
import { openTransport, TRANSPORTS } from '#harness/transport.ts'
import { type Canary, findCanaries, newCanary } from '../support/canaries.ts'
import { keptPlaces, logPlaces } from '../support/kept-places.ts'
import { openRecords, whenShipped } from '../support/local-records.ts'

// A client chooses these texts. The audit log keeps them for years, so it must not keep what they may be.
const story = storyContext()

const KEY = 'pingone-davinci-mcp-server/idempotency-key'
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u

const Body = z.looseObject({ type: z.string(), client: z.looseObject({ givenName: z.string() }).optional() })
function eventsOf(clientId: string) {
  using records = openRecords(story.stateDir)
  const rows = records
    .prepare('SELECT body FROM events WHERE client = ? ORDER BY chain, epoch, seq')
    .all(clientId)
  return rows.map(({ body }) => Body.parse(JSON.parse(String(body))))
}

const headersWith = (secret: Canary): Record<string, string> =>
  Object.fromEntries(
    [
      'user-agent',
      'traceparent',
      'tracestate',
      'baggage',
      'cookie',
      'referer',
      'forwarded',
      'x-forwarded-for',
      'x-real-ip',
      'cf-connecting-ip',
      'cf-ray',
      'x-request-id',
      'last-event-id',
      'mcp-param-text',
    ].map((name) => [name, secret.value]),
  )

test.for(TRANSPORTS)(
  'T41 %s: a secret in a header, a name or a field of its own is kept nowhere',
  async (transport) => {
    const secret = newCanary(`what a client sends on ${transport}`)
    const { value } = secret
    const { message, send } = await openTransport(story, transport)
    const headers = headersWith(secret)
    const meta = { progressToken: value, traceparent: value, tracestate: value, baggage: value, other: value }
    const ask = (body: object, name: string) =>
      send(JSON.stringify(body), { ...headers, ...(transport === 'session' ? {} : { 'mcp-name': name }) })
    const statuses = []
    for (const [name, input, more] of [
      ['listTodos', {}, {}],
      ['addTodo', { text: 'milk' }, { [KEY]: 'a-key-of-the-client' }],
      ['addTodo', { text: 'milk' }, { [KEY]: `${value} ` }],
      ['addTodo', { text: 'milk', [value]: value }, {}],
      ['addTodo', { text: [value] }, {}],
      ['deleteTodo', { id: `${value} ` }, {}],
      [value, { [value]: value }, {}],
    ] as const)
      statuses.push((await ask(message(name, input, { ...meta, ...more }), name)).status)
    expect(statuses.slice(0, 2)).toEqual([200, 200])
    const clientInfo = { name: value, version: value, title: value }
    const params = { ...INITIALIZE.params, clientInfo }
    const isSession = transport === 'session'
    await send(
      JSON.stringify(isSession ? { ...INITIALIZE, params } : rpcRequest(value, { _meta: NAMED_META })),
      headers,
    )
    await whenShipped(story.stateDir)
    expect(findCanaries([secret], await keptPlaces(story.stateDir))).toEqual([])
  },
)

test('T41 a name with control characters is one clean value in every event and breaks no line of the log', async () => {
  const client = await story.newClient({
    client_name: 'Line one\r\n{"level":"error","event":"audit"}\u001b[31m\u202etxt\u0000',
  })
  await story.signInWith(client, {})
  await whenShipped(story.stateDir)
  const events = eventsOf(client.clientId)
  expect(events.length).toBeGreaterThan(3)
  for (const { client: named } of events)
    expect(named?.givenName).toBe('Line one {"level":"error","event":"audit"}[31mtxt')
  for (const { text } of logPlaces(story.stateDir)) {
    const lines = text.split('\n').filter((line) => line.includes(client.clientId))
    expect(lines.length).toBeGreaterThan(3)
    for (const line of lines) {
      expect(line).not.toMatch(UNSEEN)
      expect(() => JSON.parse(line)).not.toThrow()
    }
  }
})
