import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { deletions } from './todo-api.ts'
import { callMessage, callsOf, callStateless, openSession, post } from './raw.ts'

const transports = ['stateless', 'session'] as const
type Transport = (typeof transports)[number]
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}
const Added = z.object({
  result: z.object({ structuredContent: z.object({ todo: z.object({ id: z.string() }) }) }),
})
const Total = z.object({ result: z.object({ structuredContent: z.object({ total: z.number() }) }) })
const Row = z.object({ tool: z.string(), outcome: z.string().nullable() })

async function fill(bearer: string, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let at = 0; at < count; at += 1) {
    const added = await callStateless(bearer, 'addTodo', { text: `todo ${at}` })
    ids.push(Added.parse(await added.json()).result.structuredContent.todo.id)
  }
  return ids
}
const left = async (bearer: string) =>
  Total.parse(await (await callStateless(bearer, 'listTodos')).json()).result.structuredContent.total
const outcomeOf = async (user: string) =>
  (await callsOf(user)).map((row) => Row.parse(row)).find(({ tool }) => tool === 'deleteTodo')?.outcome

/** Deletes with a progress token, without an SDK. */
async function remove(
  transport: Transport,
  bearer: string,
  ids: string[],
  progressToken?: string,
  signal?: AbortSignal,
) {
  const params = { name: 'deleteTodo', arguments: { ids, confirm: true } }
  const told = progressToken === undefined ? {} : { progressToken }
  const message = { ...callMessage('deleteTodo'), params: { ...params, _meta: { ...told } } }
  if (transport === 'session') {
    const session = await openSession(bearer)
    return { session, response: await post(bearer, message, { 'mcp-session-id': session }, signal) }
  }
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'deleteTodo',
  }
  const whole = { ...message, params: { ...params, _meta: { ...told, ...META } } }
  return { session: '', response: await post(bearer, whole, headers, signal) }
}
const messagesIn = (text: string): unknown[] =>
  text.startsWith('{')
    ? [JSON.parse(text)]
    : [...text.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data))

async function firstOf(response: Response) {
  const reader = response.body?.getReader()
  const text = new TextDecoder().decode((await reader?.read())?.value)
  expect(messagesIn(text)).toMatchObject([{ method: 'notifications/progress', params: { progress: 1 } }])
  return reader
}

test.each(transports)('%s: a caller who asked is told how far it is, up to the end', async (transport) => {
  const bearer = `told_${transport}:g_${transport}:rw.client`
  const ids = await fill(bearer, 3)
  const { response } = await remove(transport, bearer, ids, 'a token')
  const progress = (done: number) => ({
    method: 'notifications/progress',
    params: { progressToken: 'a token', progress: done, total: 3 },
  })
  expect(messagesIn(await response.text())).toMatchObject([
    ...[1, 2, 3].map(progress),
    { id: 1, result: { structuredContent: { deleted: ids, total: 0 } } },
  ])
})

test.each(transports)('%s: who did not ask is told nothing but the answer', async (transport) => {
  const bearer = `quiet_${transport}:gq_${transport}:rw.client`
  const { response } = await remove(transport, bearer, await fill(bearer, 3))
  expect(messagesIn(await response.text())).toHaveLength(1)
})

test('stateless: a closed stream stops the work; what was sent gets its outcome on record', async () => {
  const bearer = 'closes:unhurried1:rw.client'
  const ids = await fill(bearer, 6)
  const { response } = await remove('stateless', bearer, ids, 't')
  await (await firstOf(response))?.cancel()
  await expect.poll(() => outcomeOf('closes')).toBe('done')
  const rest = await left(bearer)
  expect(rest).toBeGreaterThanOrEqual(4)
  expect(rest).toBeLessThan(6)
})

test('stateless: a client that goes away before anything was said stops the work', async () => {
  const bearer = 'goes:unhurried4:rw.client'
  const ids = await fill(bearer, 6)
  const controller = new AbortController()
  // Aborts after the first deletion, not after a fixed time.
  const begun = vi.waitFor(async () => expect(await left(bearer)).toBeLessThan(6), { timeout: 20_000 })
  const gone = begun.then(() => controller.abort())
  await expect(remove('stateless', bearer, ids, undefined, controller.signal)).rejects.toThrow(/abort/i)
  await gone
  await expect.poll(() => outcomeOf('goes')).toBe('done')
  const rest = await left(bearer)
  expect(rest).toBeGreaterThanOrEqual(3)
  expect(rest).toBeLessThan(6)
})

test('session: a closed stream stops nothing', async () => {
  const bearer = 'leaves:unhurried2:rw.client'
  const ids = await fill(bearer, 6)
  const { response } = await remove('session', bearer, ids, 't')
  await (await firstOf(response))?.cancel()
  await expect.poll(() => outcomeOf('leaves')).toBe('done')
  expect(await left(bearer)).toBe(0)
})

test('session: the notice of a client that it cancelled stops the work', async () => {
  const bearer = 'cancels:unhurried3:rw.client'
  const ids = await fill(bearer, 6)
  const { session, response } = await remove('session', bearer, ids, 't')
  await firstOf(response)
  const notice = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
  await post(bearer, notice, { 'mcp-session-id': session })
  await expect.poll(() => outcomeOf('cancels')).toBe('done')
  expect(await left(bearer)).toBeGreaterThanOrEqual(3)
})

test.each(transports)('%s: when time runs out the rest is left alone and reported', async (transport) => {
  const bearer = `long_${transport}:slowly_${transport}:rw.client`
  const ids = await fill(bearer, 20)
  const { response } = await remove(transport, bearer, ids)
  const Result = z.object({
    result: z.object({
      structuredContent: z.object({
        deleted: z.array(z.string()),
        notDeleted: z.array(z.string()),
        unknown: z.array(z.string()),
      }),
    }),
  })
  const [message] = messagesIn(await response.text())
  const { deleted, notDeleted, unknown } = Result.parse(message).result.structuredContent
  expect([...deleted, ...unknown, ...notDeleted]).toEqual(ids)
  expect(deleted.length).toBeGreaterThan(0)
  expect(notDeleted.length).toBeGreaterThan(0)
  await expect.poll(() => left(bearer)).toBe(notDeleted.length)
})

test.each([1, 2, 3])(
  'a session that dies after %i of six: nobody knows, and each was sent once',
  async (at) => {
    const bearer = `dies${at}:unhurried_${at}:rw.client`
    const ids = await fill(bearer, 6)
    const { session, response } = await remove('session', bearer, ids, 't')
    const reader = response.body?.getReader()
    const decoder = new TextDecoder()
    let text = ''
    const isDone = (done: number) => text.includes(`"progress":${done},`)
    for (let chunk; !isDone(at); text += decoder.decode(chunk?.value, { stream: true })) {
      chunk = await reader?.read()
      if (chunk?.done !== false) throw new Error(`the stream ended before: ${text}`)
    }
    const object = env.MCP_SESSION.getByName(`streamable-http:${session.split('.')[0]}`)
    await object.die().catch(() => {})
    for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read())
      text += decoder.decode(chunk.value, { stream: true })
    const answer = messagesIn(text).at(-1)
    expect(answer).toMatchObject({
      id: 1,
      result: {
        isError: true,
        content: [{ text: expect.stringMatching(/^It is unknown whether this change was made/) }],
      },
    })
    const sent = () => deletions.filter((id) => ids.includes(id))
    await expect.poll(async () => (await left(bearer)) + sent().length).toBe(6)
    expect(sent()).toEqual(ids.slice(0, sent().length))
    expect(sent().length).toBeGreaterThanOrEqual(at)
    // The User has the intent without an outcome, which reads as unknown.
    expect(await outcomeOf(`dies${at}`)).toBeNull()
  },
)
