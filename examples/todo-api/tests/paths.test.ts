import { exports } from 'cloudflare:workers'
import { expect, test } from 'vitest'

import { fetchWith, ORIGIN, problemOf, signIn } from './support.ts'

test.each([
  ['/', 'path_unknown'],
  ['/api', 'path_unknown'],
  ['/api/todos/', 'path_unknown'],
  ['//api/todos', 'path_unknown'],
  ['/API/todos', 'path_unknown'],
  ['/api/todos/%2e%2e/secrets', 'path_unknown'],
  ['/api/todos/a/b', 'path_unknown'],
  ['/api/todos/..%2f..', 'todo_unknown'],
  ['/api/todos/..%2f..%2fhealth', 'todo_unknown'],
  ['/api/todos/..%5c..', 'todo_unknown'],
  ['/api/todos/%00', 'todo_unknown'],
  ['/api/todos/%zz', 'todo_unknown'],
  ['/api/todos/%', 'todo_unknown'],
  ['/api/todos/%ff%fe', 'todo_unknown'],
  ['/api/todos/__proto__', 'todo_unknown'],
  ["/api/todos/'%20OR%201=1--", 'todo_unknown'],
  [`/api/todos/${'a'.repeat(5000)}`, 'todo_unknown'],
  [`/api/todos/${crypto.randomUUID()}%00`, 'todo_unknown'],
  [`/api/todos/${crypto.randomUUID()}`, 'todo_unknown'],
])('deleting at the path %s is refused as %s', async (path, code) => {
  const ada = await signIn()
  await ada.add('stays')
  expect(await problemOf(await ada.call('DELETE', path))).toMatchObject({
    status: 404,
    code,
    sameStatusInside: true,
  })
  expect(await ada.list()).toHaveLength(1)
})

test.each([
  ['PUT', '/api/todos', 'GET, HEAD, POST'],
  ['DELETE', '/api/todos', 'GET, HEAD, POST'],
  ['OPTIONS', '/api/todos', 'GET, HEAD, POST'],
  ['GET', '/api/todos/7', 'PATCH, DELETE'],
  ['POST', '/api/todos/7', 'PATCH, DELETE'],
  ['POST', '/health', 'GET, HEAD'],
])('%s %s is not allowed, and what is allowed is said', async (method, path, allow) => {
  const answer = await exports.default.fetch(`${ORIGIN}${path}`, { method })
  expect(answer.headers.get('Allow')).toBe(allow)
  expect(await problemOf(answer)).toMatchObject({ status: 405, code: 'method_unknown' })
})

test('health answers without a token, with the id of the run if there is one', async () => {
  const answer = await exports.default.fetch(`${ORIGIN}/health`)
  expect([answer.status, await answer.json()]).toEqual([200, { ok: true, runId: null }])
  const started = await fetchWith({ RUN_ID: 'run-7', PINGONE_ISSUER: '' }, new Request(`${ORIGIN}/health`))
  expect(await started.json()).toEqual({ ok: true, runId: 'run-7' })
})
