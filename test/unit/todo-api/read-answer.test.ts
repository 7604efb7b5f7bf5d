import { expect, test } from 'vitest'
import { err, ok } from '../../../src/lib/result.ts'
import { readAnswer } from '../../../src/todo-api/read-answer.ts'

const NOW = Date.UTC(2026, 0, 1) / 1000
const todo = { id: 'a-1', text: 'Buy milk', completed: false }

test('todos are read and what we do not know is dropped', async () => {
  const response = Response.json({ todos: [{ ...todo, owner: 'x' }], page: 1 })
  expect(await readAnswer(response, 'read', NOW)).toEqual(ok([todo]))
})

test.each([
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'gone'],
  [410, 'gone'],
  [400, 'invalid'],
  [405, 'invalid'],
  [422, 'invalid'],
  [413, 'too_large'],
])('%i means %s, for reads and writes alike: surely not executed', async (status, reason) => {
  for (const act of ['read', 'write'] as const) {
    expect(await readAnswer(new Response('<html>', { status }), act, NOW)).toEqual(err({ reason }))
  }
})

test.each([500, 502, 503, 504, 408, 409, 302, 303])(
  'after %i a write is unknown and a read is unavailable',
  async (status) => {
    expect(await readAnswer(new Response('x', { status }), 'write', NOW)).toEqual(
      err({ reason: 'unknown_outcome' }),
    )
    expect(await readAnswer(new Response('x', { status }), 'read', NOW)).toEqual(
      err({ reason: 'unavailable' }),
    )
  },
)

test.each([
  '<html>Sign in</html>',
  '',
  '[]',
  '{"todos":[{"id":"../x","text":"a","completed":false}]}',
  '{"todos":[{"id":7,"text":"a","completed":false}]}',
  '{"todos":{}}',
])('200 with %j is no answer', async (body) => {
  expect(await readAnswer(new Response(body), 'write', NOW)).toEqual(err({ reason: 'unknown_outcome' }))
  expect(await readAnswer(new Response(body), 'read', NOW)).toEqual(err({ reason: 'unavailable' }))
})

test.each([
  ['7', 7],
  ['0', 1],
  ['999999', 3600],
  ['Thu, 01 Jan 2026 00:00:30 GMT', 30],
  ['soon', null],
  [null, null],
])('429 with Retry-After %j waits %j seconds', async (value, retryAfterSeconds) => {
  const response = new Response('', { status: 429, headers: value === null ? {} : { 'retry-after': value } })
  expect(await readAnswer(response, 'write', NOW)).toEqual(err({ reason: 'busy', retryAfterSeconds }))
})
