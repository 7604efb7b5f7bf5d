import { expect, test } from 'vitest'
import { z } from 'zod'
import { KEY_NAME } from '#harness/product.ts'
import { type ClientKind, clientKinds, connect } from './clients.ts'
import { callMessage } from '#harness/messages.ts'
import { callsOf, openSession, post } from './raw.ts'

const Keys = z.array(z.object({ key: z.object({ hash: z.string() }).nullable() }))
const keysOf = async (user: string) => Keys.parse(await callsOf(user)).map(({ key }) => key)
const nameOf = (kind: ClientKind) => `keys_${kind.replaceAll('-', '_')}`

test.each(clientKinds)('%s: the key in _meta reaches the record of a write, hashed', async (kind) => {
  const { client } = await connect(kind, `${nameOf(kind)}:g1:rw.client`)
  const call = (name: string, key: unknown, args = {}) =>
    client.callTool({ name, arguments: args, _meta: { [KEY_NAME]: key } })
  await call('addTodo', 'my-key-1', { text: 'x' })
  await call('addTodo', 'my-key-1', { text: 'y' })
  await call('listTodos', 'my-key-1')
  expect(await call('addTodo', 'no key!', { text: 'x' })).toMatchObject({ isError: true })
  const keys = (await keysOf(nameOf(kind))).filter((key) => key !== null)
  expect(keys).toHaveLength(2)
  expect(keys[0]).toEqual({ hash: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) })
  expect(keys[1]).toEqual(keys[0])
  expect(await callsOf(nameOf(kind))).toHaveLength(3)
})

test('without one there is none, whatever id its message has', async () => {
  const bearer = 'keys_none:g1:rw.client'
  const add = { ...callMessage('addTodo', { text: 'x' }), id: 0 }
  const session = await openSession(bearer)
  for (let n = 0; n < 2; n += 1) await (await post(bearer, add, { 'mcp-session-id': session })).text()
  const { client } = await connect('v2-stateless', bearer)
  await client.callTool({ name: 'addTodo', arguments: { text: 'x' } })
  expect(await keysOf('keys_none')).toEqual([null, null, null])
})
