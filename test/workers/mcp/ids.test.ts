import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { callMessage, messagesIn, statelessHeaders } from '#harness/messages.ts'
import { addTodos, callsOf, callStateless, numbered, openSession, post } from './raw.ts'
import { waitingGrants } from './todo-api.ts'

// A widely used client gives every request the id 1 and shares one session between chats. Equal JSON-RPC ids never
// merge calls (decision 21), and each answer reaches its own call.

const Added = z.object({
  id: z.unknown(),
  result: z.object({
    structuredContent: z.object({ todo: z.object({ id: z.string(), text: z.string() }).nullable() }),
    _meta: z.looseObject({ repeated: z.literal(true).optional() }),
  }),
})
const Listed = z.object({
  result: z.object({ structuredContent: z.object({ todos: z.array(z.object({ text: z.string() })) }) }),
})
const inSession = (bearer: string, session: string, message: object) =>
  post(bearer, message, { 'mcp-session-id': session })
const answerOf = async (response: Response) => messagesIn(await response.text()).at(-1)
const textsOf = async (bearer: string) =>
  Listed.parse(await answerOf(await callStateless(bearer, 'listTodos'))).result.structuredContent.todos.map(
    ({ text }) => text,
  )
/** One grant per user, so that the API keeps one list. */
const bearerOf = (user: string) => `${user}:g_${user}:rw.client`

test.each([
  ['at the same time', true],
  ['one after the other', false],
])('in a session, equal writes with one id are as many writes: %s', async (_when, isTogether) => {
  const bearer = bearerOf(isTogether ? 'together' : 'after')
  const session = await openSession(bearer)
  const add = async () =>
    Added.parse(await answerOf(await inSession(bearer, session, callMessage('addTodo', { text: 'milk' }))))
  const answers = isTogether
    ? await Promise.all([add(), add(), add()])
    : [await add(), await add(), await add()]
  expect(await textsOf(bearer)).toEqual(['milk', 'milk', 'milk'])
  // When several equal todos are new at once, the tool claims none, or the right one.
  const ids = answers.flatMap(({ result }) => result.structuredContent.todo?.id ?? [])
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.length).toBeGreaterThanOrEqual(isTogether ? 1 : 3)
  for (const { id, result } of answers) {
    expect(id).toBe(1)
    expect(result._meta).not.toHaveProperty('repeated')
  }
  const keys = z.array(z.object({ tool: z.string(), key: z.null() }))
  expect(keys.parse(await callsOf(isTogether ? 'together' : 'after'))).toHaveLength(4)
})

test('without a session, equal writes with one id are as many writes', async () => {
  const bearer = bearerOf('nosession')
  await Promise.all(
    [1, 2, 3].map(async () => (await callStateless(bearer, 'addTodo', { text: 'milk' })).text()),
  )
  expect(await textsOf(bearer)).toEqual(['milk', 'milk', 'milk'])
})

test('each of many calls with one id gets the answer to its own question', async () => {
  const bearer = bearerOf('mixed')
  const session = await openSession(bearer)
  const texts = Array.from({ length: 8 }, (_, at) => `todo ${at}`)
  const [who, ...added] = await Promise.all([
    inSession(bearer, session, callMessage('whoAmI')).then(answerOf),
    ...texts.map(async (text) =>
      answerOf(await inSession(bearer, session, callMessage('addTodo', { text }))),
    ),
  ])
  expect(who).toMatchObject({ id: 1, result: { structuredContent: { name: 'Ada Lovelace' } } })
  expect(added.map((answer) => Added.parse(answer).result.structuredContent.todo?.text)).toEqual(texts)
})

test('progress of calls with one id and one token goes to the call that it is of', async () => {
  const bearer = bearerOf('unhurried_p')
  const session = await openSession(bearer)
  const ids = await addTodos(bearer, ['a', 'b', 'c', 'd', 'e'])
  const remove = async (some: string[]) => {
    const message = callMessage('deleteTodo')
    const params = {
      name: 'deleteTodo',
      arguments: { ids: some, confirm: true },
      _meta: { progressToken: 1 },
    }
    return messagesIn(await (await inSession(bearer, session, { ...message, params })).text())
  }
  const [two, three] = await Promise.all([remove(ids.slice(0, 2)), remove(ids.slice(2))])
  const progress = (total: number) =>
    Array.from({ length: total }, (_, at) => ({
      method: 'notifications/progress',
      params: { progressToken: 1, progress: at + 1, total },
    }))
  expect(two).toMatchObject([
    ...progress(2),
    { id: 1, result: { structuredContent: { deleted: ids.slice(0, 2) } } },
  ])
  expect(three).toMatchObject([
    ...progress(3),
    { id: 1, result: { structuredContent: { deleted: ids.slice(2) } } },
  ])
})

test('the answer of a call whose stream is gone does not come as that of another call with its id', async () => {
  const bearer = 'gone:slow:rw.client'
  const session = await openSession(bearer)
  const controller = new AbortController()
  const first = post(
    bearer,
    callMessage('addTodo', { text: 'first' }),
    { 'mcp-session-id': session },
    controller.signal,
  )
  await vi.waitUntil(() => waitingGrants.length > 0, { timeout: 20_000, interval: 20 })
  controller.abort()
  await expect(first).rejects.toThrow(/abort/i)
  // Answered after the first call is over, on the remaining stream.
  const second = await answerOf(await inSession(bearer, session, callMessage('listTodos')))
  expect(JSON.stringify(second)).not.toContain('unknown whether this change was made')
})

const cancel = (bearer: string, session: string, requestId: unknown) =>
  inSession(bearer, session, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } })

/** A slow deletion that has started when this returns. */
async function begin(bearer: string, session: string, id: unknown, ids: string[]) {
  const params = { name: 'deleteTodo', arguments: { ids, confirm: true }, _meta: { progressToken: 'p' } }
  const response = await inSession(bearer, session, { ...callMessage('deleteTodo'), id, params })
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = decoder.decode((await reader?.read())?.value)
  return {
    async rest(): Promise<string> {
      for (let read = await reader?.read(); read?.done === false; read = await reader?.read())
        text += decoder.decode(read.value, { stream: true })
      return text
    },
  }
}

test('a cancellation whose id fits several running calls cancels none of them', async () => {
  const bearer = bearerOf('unhurried_c').replace(':g_', ':')
  const session = await openSession(bearer)
  const ids = await addTodos(bearer, numbered(12))
  const [one, other] = await Promise.all([
    begin(bearer, session, 1, ids.slice(0, 6)),
    begin(bearer, session, 1, ids.slice(6)),
  ])
  expect((await cancel(bearer, session, 1)).status).toBe(202)
  for (const [call, mine] of [
    [one, ids.slice(0, 6)],
    [other, ids.slice(6)],
  ] as const) {
    const answer = messagesIn(await call.rest()).at(-1)
    expect(answer).toMatchObject({ id: 1, result: { structuredContent: { deleted: mine, notDeleted: [] } } })
  }
  expect(await textsOf(bearer)).toEqual([])
})

test('a cancellation that fits one call cancels that one; 1 and "1" are two ids', async () => {
  const bearer = 'unhurried_d:unhurried_d:rw.client'
  const session = await openSession(bearer)
  const ids = await addTodos(bearer, numbered(16))
  const number = await begin(bearer, session, 1, ids.slice(0, 8))
  await begin(bearer, session, '1', ids.slice(8))
  expect((await cancel(bearer, session, '1')).status).toBe(202)
  expect(messagesIn(await number.rest()).at(-1)).toMatchObject({
    id: 1,
    result: { structuredContent: { deleted: ids.slice(0, 8) } },
  })
  expect((await textsOf(bearer)).length).toBeGreaterThan(0)
})

test.each([
  ['while it works', true],
  ['while nobody answers it', false],
])('the stream of a call that was cancelled ends, without an answer: %s', async (_when, isWorking) => {
  const bearer = isWorking ? 'unhurried_e:unhurried_e:rw.client' : 'slow_e:slow:rw.client'
  const session = await openSession(bearer)
  const params = isWorking
    ? { name: 'deleteTodo', arguments: { ids: await addTodos(bearer, numbered(12)), confirm: true } }
    : { name: 'addTodo', arguments: { text: 'x' } }
  const waiting = waitingGrants.length
  const call = inSession(bearer, session, { ...callMessage('whoAmI'), params })
  const hasBegun = isWorking
    ? async () => (await textsOf(bearer)).length < 12
    : () => waitingGrants.length > waiting
  await vi.waitUntil(hasBegun, { timeout: 20_000, interval: 20 })
  expect((await cancel(bearer, session, 1)).status).toBe(202)
  const response = await call
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  expect(messagesIn(await response.text())).toEqual([])
})

test.each([2 ** 53, -(2 ** 53), 1.5, null, true, {}, 'x'.repeat(257)])(
  'an id that cannot be given back exactly is refused before anything is done: %j',
  async (id) => {
    const bearer = bearerOf('badid')
    const session = await openSession(bearer)
    for (const headers of [{ 'mcp-session-id': session }, statelessHeaders('tools/call', 'addTodo')]) {
      const response = await post(bearer, { ...callMessage('addTodo', { text: 'x' }), id }, headers)
      expect(response.status).toBe(400)
      const answer = z
        .object({ id: z.null(), error: z.object({ code: z.number(), message: z.string() }) })
        .parse(await response.json())
      expect(answer.error.code).toBe(-32600)
      expect(answer.error.message).toMatch(
        /^The id of a request is a text of at most 256 characters, or a whole number/,
      )
    }
    expect(await callsOf('badid')).toEqual([])
  },
)

test.each([0, -1, 9007199254740991, '', '0', ' ', 'é"\\', '\u2028'])(
  'an id comes back as it was: %j',
  async (id) => {
    const bearer = bearerOf('goodid')
    const session = await openSession(bearer)
    const answer = await answerOf(await inSession(bearer, session, { ...callMessage('whoAmI'), id }))
    expect(answer).toMatchObject({ id, result: { structuredContent: { name: 'Ada Lovelace' } } })
    const denial = await answerOf(await inSession(bearer, session, { ...callMessage('noSuchTool'), id }))
    expect(denial).toMatchObject({ id, error: { code: -32602 } })
  },
)
