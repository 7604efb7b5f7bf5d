import { expect, test } from 'vitest'
import { callKey, type CallMessage, KEY_NAME } from '../../../src/mcp/call-key.ts'
import { addTodo } from '../../../src/tools/add-todo.ts'
import { deleteTodo } from '../../../src/tools/delete-todo.ts'
import { listTodos } from '../../../src/tools/list-todos.ts'

const named = (key: string, inSession: CallMessage['inSession'] = null): CallMessage => ({
  meta: { [KEY_NAME]: key, other: true },
  inSession,
})
const inSession = (session: string, request: string | number): CallMessage => ({
  meta: undefined,
  inSession: { session, request },
})

test('a client’s key is its own for each tool, in both lanes and whatever the arguments', async () => {
  const first = await callKey(addTodo, 'client-a', 'digest-1', named('k'))
  expect(first).toMatchObject({ ok: true, value: { from: 'client' } })
  expect(await callKey(addTodo, 'client-a', 'digest-2', named('k', { session: 's', request: 1 }))).toEqual(
    first,
  )
  for (const other of [
    await callKey(addTodo, 'client-b', 'digest-1', named('k')),
    await callKey(deleteTodo, 'client-a', 'digest-1', named('k')),
    await callKey(addTodo, 'client-a', 'digest-1', named('K')),
  ])
    expect(other).not.toEqual(first)
})

test('without one, the same message in the same session is the same call', async () => {
  const first = await callKey(addTodo, 'c', 'digest', inSession('s', 1))
  expect(first).toMatchObject({ ok: true, value: { from: 'session' } })
  expect(await callKey(addTodo, 'c', 'digest', inSession('s', 1))).toEqual(first)
  for (const other of [
    await callKey(addTodo, 'c', 'digest', inSession('s', 2)),
    await callKey(addTodo, 'c', 'digest', inSession('s', '1')),
    await callKey(addTodo, 'c', 'digest', inSession('t', 1)),
    await callKey(addTodo, 'c', 'other', inSession('s', 1)),
  ])
    expect(other).not.toEqual(first)
})

test('a read has no key, nor has a message of the stateless lane that brings none', async () => {
  const none = { ok: true, value: null }
  expect(await callKey(listTodos, 'c', 'd', named('not a key!'))).toEqual(none)
  expect(await callKey(listTodos, 'c', 'd', inSession('s', 1))).toEqual(none)
  expect(await callKey(addTodo, 'c', 'd', { meta: {}, inSession: null })).toEqual(none)
})
