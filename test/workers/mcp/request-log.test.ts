import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { toWorker } from './clients.ts'
import { callIn, callsOf, callStateless, TRANSPORTS } from './raw.ts'
import { apiRequests } from './todo-api.ts'

const logSpy = vi.spyOn(console, 'log')
afterEach(() => logSpy.mockClear())
const Line = z.object({ event: z.string() }).loose()
const lines = () =>
  logSpy.mock.calls
    .filter(([text]) => String(text).includes('"mcp.answered"'))
    .map(([text]) => Line.parse(JSON.parse(String(text))))

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const SECRET = 'a todo that nobody else should read'
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const OTHER = '00-11111111111111111111111111111111-2222222222222222-00'

const marks = { session: { session: expect.stringMatching(/^[0-9a-f]{16}$/) }, stateless: {} }

async function call(...request: Parameters<typeof callIn>) {
  const answer = await callIn(...request)
  await answer.text()
  return answer
}

test.each(TRANSPORTS)(
  '%s: a call is one line with ids and no argument, bearer, session or text',
  async (transport) => {
    const bearer = `logged_${transport}:g1:rw.client-a`
    const answer = await call(transport, bearer, 'addTodo', { text: SECRET })
    const [line] = lines().filter(({ method }) => method === 'tools/call')
    expect(line).toEqual({
      level: 'info',
      event: 'mcp.answered',
      grant: 'g1',
      client: 'client-a',
      method: 'tools/call',
      name: 'addTodo',
      transport,
      ...marks[transport],
      transaction: expect.stringMatching(UUID),
      outcome: 'done',
      status: answer.status,
      ms: expect.any(Number),
    })
    expect(await callsOf(`logged_${transport}`)).toMatchObject([{ transaction: line?.['transaction'] }])
    const all = logSpy.mock.calls.join('\n')
    for (const secret of [SECRET, bearer, 'rw.client-a']) expect(all).not.toContain(secret)
  },
)

test.each(TRANSPORTS)(
  '%s: a refused call, a list and a call that did not start say so',
  async (transport) => {
    await call(transport, 'ada:g1:rw.client-a', 'updateTodo', { id: 'nowhere', completed: true })
    await call(transport, 'ada:g1:rw.client-a', 'whoAmI', { surprise: SECRET })
    for (let times = 0; times < 2; times += 1)
      await call(transport, `ada:refused_${transport}:r.client-a`, 'addTodo', { text: SECRET })
    await call(transport, 'ada:down:rw.client-a', 'whoAmI', {})
    const outcomes = lines()
      .filter(({ method }) => method === 'tools/call')
      .map(({ name, outcome, status }) => [name, outcome, status])
    expect(outcomes[0]).toEqual(['updateTodo', 'refused', 200])
    expect(outcomes[1]?.[1]).not.toBe('done')
    expect(outcomes.slice(2)).toEqual([
      ['addTodo', 'refused', 403],
      ['addTodo', 'refused', 200],
      ['whoAmI', 'refused', 503],
    ])
    expect(JSON.stringify(lines())).not.toContain(SECRET)
  },
)

test('what comes without a bearer, or by a name of the client’s own, is a line without words of theirs', async () => {
  const none = await toWorker('https://mcp.example.test/mcp', { method: 'POST', body: SECRET })
  await none.text()
  const unknownTool = await callStateless('ada:g1:r.client-a', 'IgnoreAllPrevious')
  await unknownTool.text()
  const [without, unknown] = lines()
  expect(without).toEqual({
    level: 'info',
    event: 'mcp.answered',
    outcome: 'refused',
    status: 401,
    ms: expect.any(Number),
  })
  expect(unknown).toMatchObject({ grant: 'g1', method: 'tools/call', transport: 'stateless' })
  expect(JSON.stringify(lines())).not.toMatch(/IgnoreAllPrevious|nobody else/)
})

test.each(TRANSPORTS)('%s: a client’s trace is kept as its claim and goes nowhere', async (transport) => {
  const user = `traced_${transport}`
  const bearer = `${user}:${user}:rw.client-a`
  apiRequests.length = 0
  const headers = { traceparent: OTHER, tracestate: 'theirs=1', baggage: `todo=${SECRET}` }
  await call(transport, bearer, 'listTodos', {}, { meta: { traceparent: TRACE, baggage: SECRET }, headers })
  await call(transport, bearer, 'listTodos', {}, { headers })
  await call(
    transport,
    bearer,
    'listTodos',
    {},
    { meta: { traceparent: SECRET }, headers: { traceparent: SECRET } },
  )
  const rows = z
    .array(z.object({ transaction: z.string(), clientTrace: z.string().optional() }))
    .parse(await callsOf(user))
  const claims = rows.map(({ clientTrace }) => clientTrace ?? 'none')
  expect(new Set(claims)).toEqual(new Set([TRACE, OTHER, 'none']))
  expect(JSON.stringify(await callsOf(user))).not.toContain('nobody else')
  expect(apiRequests).toHaveLength(3)
  for (const headers of apiRequests) {
    const transaction = headers.get('x-ping-external-transaction-id') ?? ''
    expect(rows.map((row) => row.transaction)).toContain(transaction)
    expect(headers.get('traceparent')?.split('-')[1]).toBe(transaction.replaceAll('-', ''))
    expect([headers.get('tracestate'), headers.get('baggage')]).toEqual([null, null])
  }
  expect(JSON.stringify(lines())).not.toContain(TRACE)
})
