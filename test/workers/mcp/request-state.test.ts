import { expect, test } from 'vitest'
import { z } from 'zod'
import { writeState } from '#mcp/stateless/request-state.ts'
import { callMessage, messageIn, META } from '#harness/messages.ts'
import { addTodos, askStateless, countTodos, openSession, post, send } from './raw.ts'

const InputRequired = z.object({
  result: z.object({
    resultType: z.literal('input_required'),
    inputRequests: z.object({ confirm: z.object({ method: z.literal('elicitation/create') }) }),
    requestState: z.string(),
  }),
})
const FORMS = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } }
const YES = { confirm: { action: 'accept', content: { confirm: true } } }

/** `deleteTodo` from a client that can ask. `again` carries the state and answers of the second request. */
const remove = (bearer: string, ids: string[], again: object = {}, capabilities: object = FORMS) =>
  askStateless(
    bearer,
    'tools/call',
    { name: 'deleteTodo', arguments: { ids }, ...again },
    { headers: { 'mcp-name': 'deleteTodo' }, meta: { ...META, ...capabilities } },
  )
const ask = async (bearer: string, ids: string[]) =>
  InputRequired.parse((await remove(bearer, ids)).body).result.requestState
const refusedState = { error: { code: -32602, data: { reason: 'invalid_request_state' } } }
const refusedAnswer = {
  result: {
    isError: true,
    content: [{ text: expect.stringMatching(/^This answer of the user was used before/) }],
  },
}

test('an answer is good for one call: the second time it is refused', async () => {
  const bearer = 'replay:gr:rw.client'
  const ids = await addTodos(bearer, ['a', 'b'])
  const requestState = await ask(bearer, ids)
  const once = await remove(bearer, ids, { requestState, inputResponses: YES })
  expect(once.body).toMatchObject({ result: { structuredContent: { deleted: ids } } })
  expect((await remove(bearer, ids, { requestState, inputResponses: YES })).body).toMatchObject(refusedAnswer)
})

test('a "no" is an answer too: nobody makes a "yes" of the same question', async () => {
  const bearer = 'flip:gf:rw.client'
  const ids = await addTodos(bearer, ['a', 'b'])
  const requestState = await ask(bearer, ids)
  await remove(bearer, ids, { requestState, inputResponses: { confirm: { action: 'decline' } } })
  expect((await remove(bearer, ids, { requestState, inputResponses: YES })).body).toMatchObject(refusedAnswer)
  expect(await countTodos(bearer)).toBe(2)
})

test('an answer is for its own arguments', async () => {
  const bearer = 'other:go:rw.client'
  const ids = await addTodos(bearer, ['a', 'b', 'c'])
  const requestState = await ask(bearer, ids.slice(0, 2))
  expect((await remove(bearer, ids, { requestState, inputResponses: YES })).body).toMatchObject(refusedAnswer)
  expect(await countTodos(bearer)).toBe(3)
})

test('an answer of another user, of another grant or of another client does not exist', async () => {
  const bearer = 'mine:gm:rw.client'
  const ids = await addTodos(bearer, ['a', 'b'])
  const requestState = await ask(bearer, ids)
  for (const thief of ['eve:gm:rw.client', 'mine:gn:rw.client', 'mine:gm:rw.client-b']) {
    const { body } = await remove(thief, ids, { requestState, inputResponses: YES })
    expect(body).toMatchObject(refusedState)
  }
  expect(await countTodos(bearer)).toBe(2)
})

test('a state that was altered, made up or cut short is refused', async () => {
  const bearer = 'bend:gb:rw.client'
  const ids = await addTodos(bearer, ['a', 'b'])
  const state = await ask(bearer, ids)
  const [, body = '', mac = ''] = state.split('.')
  const other = `${body.slice(0, 20)}${body[20] === 'A' ? 'B' : 'A'}${body.slice(21)}`
  const bent = [
    `ask1.${other}.${mac}`,
    `ask1.${body}.${'A'.repeat(43)}`,
    `ask1.${body}.`,
    'x',
    '',
    `${state}A`,
  ]
  for (const requestState of bent) {
    const answered = await remove(bearer, ids, { requestState, inputResponses: YES })
    expect(answered.body).toMatchObject(refusedState)
  }
  expect(await countTodos(bearer)).toBe(2)
})

test('a state whose ten minutes are over is refused', async () => {
  const bearer = 'past:gp:rw.client'
  const ids = await addTodos(bearer, ['a', 'b'])
  const state = await ask(bearer, ids)
  const Body = z.object({
    call: z.string(),
    subject: z.string(),
    nonce: z.string(),
    endsAtSeconds: z.number(),
  })
  const body = Body.parse(
    JSON.parse(atob((state.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))),
  )
  const nowSeconds = Math.floor(Date.now() / 1000)
  expect(body.endsAtSeconds - nowSeconds).toBeGreaterThan(590)
  expect(body.endsAtSeconds - nowSeconds).toBeLessThanOrEqual(601)
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', new Uint8Array(32), algorithm, false, ['sign'])
  const principal = {
    user: 'past',
    grant: 'gp',
    client: 'client',
    scopes: [],
    expiresAtSeconds: 0,
    tokenHash: 'hash',
    canAudit: false,
    isNameHidden: false,
    hidden: [],
  }
  const ending = (endsAtSeconds: number) => writeState([key], principal, { ...body, endsAtSeconds })
  const over = { requestState: await ending(nowSeconds - 1), inputResponses: YES }
  expect((await remove(bearer, ids, over)).body).toMatchObject(refusedState)
  const inTime = { requestState: await ending(nowSeconds + 60), inputResponses: YES }
  expect((await remove(bearer, ids, inTime)).body).toMatchObject({
    result: { structuredContent: { total: 0 } },
  })
})

test('a state without an answer is a question that is asked again, and an answer without a state is none', async () => {
  const bearer = 'half:gh:rw.client'
  const ids = await addTodos(bearer, ['a', 'b'])
  const requestState = await ask(bearer, ids)
  InputRequired.parse((await remove(bearer, ids, { requestState })).body)
  InputRequired.parse((await remove(bearer, ids, { inputResponses: YES })).body)
  expect(await countTodos(bearer)).toBe(2)
})

test('what a client can do is what this very request says', async () => {
  const bearer = 'each:ge:rw.client'
  const ids = await addTodos(bearer, ['a', 'b'])
  await ask(bearer, ids)
  const cannot = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } } }
  const { body } = await remove(bearer, ids, {}, cannot)
  expect(body).toMatchObject({ result: { isError: true } })
})

const Question = z.object({ id: z.string(), method: z.literal('elicitation/create') })

/** Opens a session with elicitation and leaves a question open. */
async function openQuestion(bearer: string) {
  const ids = await addTodos(bearer, ['a', 'b'])
  const session = await openSession(bearer, { elicitation: { form: {} } })
  const response = await post(bearer, callMessage('deleteTodo', { ids }), { 'mcp-session-id': session })
  const reader = response.body?.getReader()
  const first = new TextDecoder().decode((await reader?.read())?.value)
  const { id } = Question.parse(messageIn(first))
  return { session, id, reader }
}
const answer = (bearer: string, session: string, id: string) =>
  post(bearer, { jsonrpc: '2.0', id, result: YES.confirm }, { 'mcp-session-id': session })

test('a question in a session is answered under its own grant only', async () => {
  const { session, id } = await openQuestion('taken:gt1:rw.client')
  await answer('taken:gt2:rw.client', session, id)
  await scheduler.wait(100)
  expect(await countTodos('taken:gt1:rw.client')).toBe(2)
})

test('a question in a session is answered by nobody else', async () => {
  const { session, id } = await openQuestion('own:gw:rw.client')
  expect((await answer('eve:gw:rw.client', session, id)).status).toBe(404)
  const others = await openSession('eve:gw:rw.client')
  await answer('eve:gw:rw.client', others, id)
  await scheduler.wait(100)
  expect(await countTodos('own:gw:rw.client')).toBe(2)
  await answer('own:gw:rw.client', session, id)
  await expect.poll(() => countTodos('own:gw:rw.client')).toBe(0)
})

test('a session that ends takes its open questions along', async () => {
  const bearer = 'ends:gs:rw.client'
  const { session, id } = await openQuestion(bearer)
  expect((await send('DELETE', bearer, { 'mcp-session-id': session })).status).toBe(204)
  expect((await answer(bearer, session, id)).status).toBe(404)
  await scheduler.wait(100)
  expect(await countTodos(bearer)).toBe(2)
})
