import { exports } from 'cloudflare:workers'
import { expect, test } from 'vitest'

import { claimsOf, ORIGIN, problemOf, sign, type Changes } from './support.ts'

const read = (token: string) =>
  exports.default.fetch(`${ORIGIN}/api/todos`, { headers: { Authorization: `Bearer ${token}` } })

const add = (token: string) =>
  exports.default.fetch(`${ORIGIN}/api/todos`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify({ todoText: 'x' }),
  })

test.each<[string, Changes]>([
  ['no subject', { sub: undefined }],
  ['an empty subject', { sub: '' }],
  ['no session', { sid: undefined }],
  ['an empty session', { sid: '' }],
  ['neither subject nor session (client credentials)', { sub: undefined, sid: undefined }],
  ['its own client as the subject', { sub: 'mcp-server' }],
])('a token with %s stands for no user', async (_what, changes) => {
  expect(await problemOf(await read(await sign(claimsOf(changes))))).toMatchObject({
    status: 403,
    code: 'user_required',
  })
})

test.each<[string, unknown]>([
  ['a scope that only begins like it', 'todo:readonly todo:writer'],
  ['a scope that only ends like it', 'my-todo:read my-todo:write'],
  ['the scopes in other letters', 'TODO:READ TODO:WRITE'],
  ['other scopes', 'openid profile'],
  ['an empty scope', ''],
  ['no scope', undefined],
  ['scopes as a list', ['todo:read', 'todo:write']],
])('%s neither reads nor writes', async (_what, scope) => {
  const token = await sign(claimsOf({ scope }))
  const refusedRead = await read(token)
  expect(refusedRead.headers.get('WWW-Authenticate')).toBe(
    'Bearer error="insufficient_scope", scope="todo:read"',
  )
  expect(await problemOf(refusedRead)).toMatchObject({ status: 403, code: 'insufficient_scope' })
  const refusedWrite = await add(token)
  expect(refusedWrite.headers.get('WWW-Authenticate')).toBe(
    'Bearer error="insufficient_scope", scope="todo:write"',
  )
  expect(await problemOf(refusedWrite)).toMatchObject({ status: 403, code: 'insufficient_scope' })
})

test('the scope to read does not write, and the scope to write does not read', async () => {
  const reader = await sign(claimsOf({ scope: 'openid todo:read' }))
  const writer = await sign(claimsOf({ scope: 'todo:write' }))
  expect([(await read(reader)).status, (await add(reader)).status]).toEqual([200, 403])
  expect([(await read(writer)).status, (await add(writer)).status]).toEqual([403, 200])
})
