import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { deletions } from './todo-api.ts'
import { callMessage, messagesIn, META, statelessHeaders } from '#harness/messages.ts'
import {
  addTodos,
  countTodos,
  numbered,
  openSession,
  post,
  sessionObject,
  storedCalls,
  type Transport,
  TRANSPORTS,
} from './raw.ts'

const Row = z.object({ tool: z.string(), step: z.string(), outcome: z.string().nullable() })

const outcomeOf = async (user: string) =>
  (await storedCalls(user))
    .map((row) => Row.parse(row))
    .find(({ tool, step }) => tool === 'deleteTodo' && step === 'act')?.outcome

/** Deletes with a progress token, without an SDK. */
async function remove(
  transport: Transport,
  bearer: string,
  ids: string[],
  progressToken?: string,
  signal?: AbortSignal,
) {
  const params = { name: 'deleteTodo', arguments: { ids, confirm: true } }
  const token = progressToken === undefined ? {} : { progressToken }
  const message = { ...callMessage('deleteTodo'), params: { ...params, _meta: { ...token } } }
  if (transport === 'session') {
    const session = await openSession(bearer)
    return { session, response: await post(bearer, message, { 'mcp-session-id': session }, signal) }
  }
  const headers = statelessHeaders('tools/call', 'deleteTodo')
  const whole = { ...message, params: { ...params, _meta: { ...token, ...META } } }
  return { session: '', response: await post(bearer, whole, headers, signal) }
}

async function firstOf(response: Response) {
  const reader = response.body?.getReader()
  const text = new TextDecoder().decode((await reader?.read())?.value)
  expect(messagesIn(text)).toMatchObject([{ method: 'notifications/progress', params: { progress: 1 } }])
  return reader
}

test.each(TRANSPORTS)('%s: a caller who asked is told how far it is, up to the end', async (transport) => {
  const bearer = `told_${transport}:g_${transport}:rw.client`
  const ids = await addTodos(bearer, numbered(3))
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

test.each(TRANSPORTS)('%s: who did not ask is told nothing but the answer', async (transport) => {
  const bearer = `quiet_${transport}:gq_${transport}:rw.client`
  const { response } = await remove(transport, bearer, await addTodos(bearer, numbered(3)))
  expect(messagesIn(await response.text())).toHaveLength(1)
})

test('stateless: a closed stream stops the work; what was sent gets its outcome on record', async () => {
  const bearer = 'closes:unhurried1:rw.client'
  const ids = await addTodos(bearer, numbered(6))
  const { response } = await remove('stateless', bearer, ids, 't')
  await (await firstOf(response))?.cancel()
  await expect.poll(() => outcomeOf('closes')).toBe('done')
  const rest = await countTodos(bearer)
  expect(rest).toBeGreaterThanOrEqual(4)
  expect(rest).toBeLessThan(6)
})

test('stateless: a client that goes away before anything was said stops the work', async () => {
  const bearer = 'goes:unhurried4:rw.client'
  const ids = await addTodos(bearer, numbered(6))
  const controller = new AbortController()
  // Aborts after the first deletion, not after a fixed time.
  const firstDeletion = vi.waitFor(async () => expect(await countTodos(bearer)).toBeLessThan(6), {
    timeout: 20_000,
  })
  const gone = firstDeletion.then(() => controller.abort())
  await expect(remove('stateless', bearer, ids, undefined, controller.signal)).rejects.toThrow(/abort/i)
  await gone
  await expect.poll(() => outcomeOf('goes')).toBe('done')
  const rest = await countTodos(bearer)
  expect(rest).toBeGreaterThanOrEqual(3)
  expect(rest).toBeLessThan(6)
})

test('session: a closed stream stops nothing', async () => {
  const bearer = 'leaves:unhurried2:rw.client'
  const ids = await addTodos(bearer, numbered(6))
  const { response } = await remove('session', bearer, ids, 't')
  await (await firstOf(response))?.cancel()
  await expect.poll(() => outcomeOf('leaves')).toBe('done')
  expect(await countTodos(bearer)).toBe(0)
})

test('session: the notice of a client that it cancelled stops the work', async () => {
  const bearer = 'cancels:unhurried3:rw.client'
  const ids = await addTodos(bearer, numbered(6))
  const { session, response } = await remove('session', bearer, ids, 't')
  await firstOf(response)
  const notice = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
  await post(bearer, notice, { 'mcp-session-id': session })
  await expect.poll(() => outcomeOf('cancels')).toBe('done')
  expect(await countTodos(bearer)).toBeGreaterThanOrEqual(3)
})

test.each(TRANSPORTS)('%s: when time runs out the rest is left alone and reported', async (transport) => {
  const bearer = `long_${transport}:slowly_${transport}:rw.client`
  const ids = await addTodos(bearer, numbered(20))
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
  await expect.poll(() => countTodos(bearer)).toBe(notDeleted.length)
})

test.each([1, 2, 3])(
  'a session that dies after %i of six: nobody knows, and each was sent once',
  async (at) => {
    const bearer = `dies${at}:unhurried_${at}:rw.client`
    const ids = await addTodos(bearer, numbered(6))
    const { session, response } = await remove('session', bearer, ids, 't')
    const reader = response.body?.getReader()
    const decoder = new TextDecoder()
    let text = ''
    const isDone = (done: number) => text.includes(`"progress":${done},`)
    for (let chunk; !isDone(at); text += decoder.decode(chunk?.value, { stream: true })) {
      chunk = await reader?.read()
      if (chunk?.done !== false) throw new Error(`the stream ended before: ${text}`)
    }
    const object = sessionObject(session)
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
    const sentIds = () => deletions.filter((id) => ids.includes(id))
    await expect.poll(async () => (await countTodos(bearer)) + sentIds().length).toBe(6)
    expect(sentIds()).toEqual(ids.slice(0, sentIds().length))
    expect(sentIds().length).toBeGreaterThanOrEqual(at)
    // The User has the intent without an outcome, which reads as unknown.
    expect(await outcomeOf(`dies${at}`)).toBeNull()
  },
)
