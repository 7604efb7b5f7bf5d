import { expect, test } from 'vitest'
import { echoId } from '#mcp/edge/denials.ts'

const error = { code: -32600, message: 'No.', data: { why: 'x' } }
const requestWith = (id: unknown) => ({ jsonrpc: '2.0', id, method: 'tools/list' })
const plain = () =>
  new Response(JSON.stringify({ jsonrpc: '2.0', id: null, error }), {
    status: 400,
    headers: { 'content-type': 'text/plain', 'retry-after': '5' },
  })

test.each([0, 'a', '', Number.MAX_SAFE_INTEGER])(
  'an error without an id gets that of its request: %j',
  async (id) => {
    const answer = await echoId(plain(), requestWith(id))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([400, '5'])
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(await answer.json()).toEqual({ jsonrpc: '2.0', id, error })
  },
)

test.each([
  requestWith(undefined),
  requestWith(null),
  requestWith(1.5),
  requestWith(['x']),
  { jsonrpc: '2.0', id: 1, result: {} },
  undefined,
  'tools/list',
])('what is no request has no id to give: %j', async (message) => {
  expect(await (await echoId(plain(), message)).json()).toEqual({ jsonrpc: '2.0', id: null, error })
})

test.each([
  ['', 401],
  ['{"error":"invalid_token"}', 401],
  ['<html>', 502],
  ['{"jsonrpc":"2.0","id":"own","error":{"code":-32601,"message":"x"}}', 404],
  ['{"jsonrpc":"2.0","id":null,"error":{}}', 200],
])('any other answer stays as it is: %s', async (text, status) => {
  const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
  const answer = await echoId(new Response(text, { status, headers }), requestWith(1))
  expect([answer.status, await answer.text()]).toEqual([status, text])
  expect(answer.headers.get('www-authenticate')).toBe(headers['www-authenticate'])
})
