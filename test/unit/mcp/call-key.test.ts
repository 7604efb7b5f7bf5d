import { expect, test } from 'vitest'
import { callKey, type CallMessage, KEY_NAME } from '#mcp/call-key.ts'
import { addTodo } from '#todos/tools/add-todo.ts'
import { deleteTodo } from '#todos/tools/delete-todo.ts'
import { listTodos } from '#todos/tools/list-todos.ts'

const named = (key: string): CallMessage => ({ meta: { [KEY_NAME]: key, other: true } })

test('a client’s key is its own for each tool', async () => {
  const first = await callKey(addTodo, 'client-a', named('k'))
  expect(first).toMatchObject({ ok: true, value: { hash: expect.stringMatching(/^[\w-]{43}$/) } })
  expect(await callKey(addTodo, 'client-a', named('k'))).toEqual(first)
  for (const other of [
    await callKey(addTodo, 'client-b', named('k')),
    await callKey(deleteTodo, 'client-a', named('k')),
    await callKey(addTodo, 'client-a', named('K')),
  ])
    expect(other).not.toEqual(first)
})

test('a read has no key, nor has a message that brings none', async () => {
  const none = { ok: true, value: null }
  expect(await callKey(listTodos, 'c', named('not a key!'))).toEqual(none)
  expect(await callKey(addTodo, 'c', { meta: {} })).toEqual(none)
  expect(await callKey(addTodo, 'c', { meta: undefined })).toEqual(none)
})
