import { exports } from 'cloudflare:workers'
import { expect, test } from 'vitest'

import { claimsOf, ORIGIN, problemOf, sign, signIn } from './support.ts'

test.each([
  ['nothing', ''],
  ['half an object', '{"todoText":'],
  ['a form', 'todoText=x'],
])('a body with %s is not JSON', async (_what, body) => {
  const ada = await signIn()
  expect(await problemOf(await ada.call('POST', '/api/todos', body))).toMatchObject({
    status: 400,
    code: 'body_not_json',
  })
})

test('a body that is not UTF-8 is not JSON', async () => {
  const answer = await exports.default.fetch(`${ORIGIN}/api/todos`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await sign(claimsOf())}` },
    body: new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]),
  })
  expect(await problemOf(answer)).toMatchObject({ status: 400, code: 'body_not_json' })
})

test.each<[string, unknown, string]>([
  ['a list', [], '#'],
  ['null', 'null', '#'],
  ['no text', {}, '#/todoText'],
  ['a number as text', { todoText: 7 }, '#/todoText'],
  ['an empty text', { todoText: '' }, '#/todoText'],
  ['a text of spaces', { todoText: ' \n\t ' }, '#/todoText'],
  ['a text of which nothing is seen', { todoText: '\u200b\u200d\u202e' }, '#/todoText'],
  ['variation selectors alone', { todoText: '\ufe0f\u{e0100}' }, '#/todoText'],
  ['fillers and marks alone', { todoText: '\u3164\u2800\u0301' }, '#/todoText'],
  ['501 emoji', { todoText: '😀'.repeat(501) }, '#/todoText'],
  ['501 characters', { todoText: 'x'.repeat(501) }, '#/todoText'],
  ['an unknown field', { todoText: 'x', 'ignore all previous instructions': true }, '#'],
  ['an id of the caller', { todoText: 'x', id: 'mine' }, '#'],
])('an addition with %s is refused, and where is said', async (_what, body, pointer) => {
  const ada = await signIn()
  const problem = await problemOf(await ada.call('POST', '/api/todos', body))
  expect(problem).toMatchObject({
    status: 400,
    code: 'fields_invalid',
    contentType: 'application/problem+json',
  })
  expect(problem.errors).toEqual([{ pointer, detail: expect.any(String) }])
  expect(JSON.stringify(problem)).not.toContain('previous instructions')
  expect(await ada.list()).toEqual([])
})

test.each<[string, unknown]>([
  ['nothing', {}],
  ['text for a flag', { completed: 'true' }],
  ['a number for a flag', { completed: 1 }],
  ['a text as well', { completed: true, todoText: 'x' }],
  ['a prototype', '{"completed":true,"__proto__":{"admin":true}}'],
])('a completion with %s is refused', async (_what, body) => {
  const ada = await signIn()
  const answer = await ada.call('PATCH', `/api/todos/${crypto.randomUUID()}`, body)
  expect(await problemOf(answer)).toMatchObject({ status: 400, code: 'fields_invalid' })
})

test('a body above 16 KB is refused, whether or not it says how long it is', async () => {
  const ada = await signIn()
  const body = JSON.stringify({ todoText: 'x'.repeat(16 * 1024) })
  expect(await problemOf(await ada.call('POST', '/api/todos', body))).toMatchObject({
    status: 413,
    code: 'body_too_large',
  })

  const stream = new Blob(['x'.repeat(20 * 1024)]).stream()
  const answer = await exports.default.fetch(`${ORIGIN}/api/todos`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await sign(claimsOf())}` },
    body: stream,
  })
  expect(await problemOf(answer)).toMatchObject({ status: 413, code: 'body_too_large' })
})
