import { expect, test } from 'vitest'
import { INITIALIZE, messageIn, META, statelessHeaders } from '#harness/messages.ts'
import { openSession, post } from './raw.ts'

const BEARER = 'params:g1:rw.client'
const ID = { type: 'ref/resource', uri: 'todo://items/{id}' }

const CASES: [method: string, params: object][] = [
  ['tools/list', { cursor: 5 }],
  ['resources/list', { cursor: {} }],
  ['resources/templates/list', { cursor: null }],
  ['prompts/list', { cursor: [] }],
  ['prompts/get', { name: 'planMyDay', arguments: { hours: 3 } }],
  ['completion/complete', { ref: { type: 'x' }, argument: { name: 'id', value: '' } }],
  ['completion/complete', { ref: ID, argument: { name: 'id' } }],
  ['completion/complete', {}],
]

/** The SDK's stateless transport rejects these tool calls in its own words, before any handler. */
const CALLS: typeof CASES = [
  ['tools/call', { name: 'whoAmI', arguments: [] }],
  ['tools/call', { name: 'whoAmI', arguments: 'x' }],
  ['tools/call', { name: 'noSuchTool', arguments: 5 }],
]

/** These lack what a header must match, and that is checked first. */
const UNNAMED: typeof CASES = [
  ['tools/call', { arguments: {} }],
  ['resources/read', { uri: 5 }],
  ['resources/read', {}],
  ['prompts/get', {}],
]

const request = (method: string, params: object) => ({ jsonrpc: '2.0', id: 'w', method, params })

const postStateless = (method: string, params: object) =>
  post(
    BEARER,
    request(method, { ...params, _meta: META }),
    statelessHeaders(method, 'name' in params ? String(params.name) : undefined),
  )

async function errorIn(response: Response): Promise<{ status: number; text: string; message: unknown }> {
  const text = await response.text()
  return { status: response.status, text, message: messageIn(text) }
}

const invalidParams = (method: string) => ({
  jsonrpc: '2.0',
  id: 'w',
  error: { code: -32602, message: expect.stringContaining(`The parameters are not what ${method} takes.`) },
})

test.each([...CASES, ...CALLS, ...UNNAMED])(
  'in a session %s with %j is -32602, in our words',
  async (method, params) => {
    const session = await openSession(BEARER)
    const answer = await errorIn(await post(BEARER, request(method, params), { 'mcp-session-id': session }))
    expect(answer).toMatchObject({ status: 200, message: invalidParams(method) })
    expect(answer.text).not.toMatch(/invalid_|expected|zod/i)
  },
)

test('who begins with wrong parameters is told so, and no session is opened', async () => {
  const params = { ...INITIALIZE.params, clientInfo: { name: { of: 'nobody' } } }
  const response = await post(BEARER, request('initialize', params))
  expect(response.headers.get('mcp-session-id')).toBeNull()
  expect(await errorIn(response)).toMatchObject({ status: 200, message: invalidParams('initialize') })
})

test.each(CASES)('without a session %s with %j is -32602, in our words', async (method, params) => {
  const answer = await errorIn(await postStateless(method, params))
  expect(answer).toMatchObject({ status: 200, message: invalidParams(method) })
  expect(answer.text).not.toMatch(/invalid_|expected|zod/i)
})

test.each(CALLS)('without a session %s with %j is -32602 as well', async (method, params) => {
  const { status, message } = await errorIn(await postStateless(method, params))
  expect([status, message]).toMatchObject([200, { jsonrpc: '2.0', id: 'w', error: { code: -32602 } }])
})

test('what comes before is told before: a session that does not exist, a header that differs', async () => {
  const message = request('tools/list', { cursor: 5 })
  expect((await post(BEARER, message, { 'mcp-session-id': 'none' })).status).toBe(404)
  const headers = statelessHeaders('prompts/list')
  const differs = request('tools/list', { cursor: 5, _meta: META })
  expect(await errorIn(await post(BEARER, differs, headers))).toMatchObject({
    status: 400,
    message: { error: { code: -32020 } },
  })
})
