import { expect, test } from 'vitest'
import { type CallMessage, givenKey } from '#mcp/calls/idempotency.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { ok } from '#lib/result.ts'
import { keyOf } from '#users/calls/calls.ts'
import { KEY_NAME } from '#harness/product.ts'
import { addTodo } from '#todos/tools/add-todo.ts'
import { deleteTodo } from '#todos/tools/delete-todo.ts'
import { listTodos } from '#todos/tools/list-todos.ts'

/** As the edge reads a key and the user's object stores it. */
async function callKey(
  tool: Pick<AnyTool, 'name' | 'effect'>,
  client: string,
  { meta }: CallMessage,
  keyName: string,
) {
  const given = givenKey(tool, meta, keyName)
  return given.ok && given.value !== null ? ok(await keyOf(client, tool.name, given.value)) : given
}

const named = (key: string): CallMessage => ({ meta: { [KEY_NAME]: key, other: true } })

test('a client’s key is its own for each tool', async () => {
  const first = await callKey(addTodo, 'client-a', named('k'), KEY_NAME)
  expect(first).toMatchObject({ ok: true, value: { hash: expect.stringMatching(/^[\w-]{43}$/) } })
  expect(await callKey(addTodo, 'client-a', named('k'), KEY_NAME)).toEqual(first)
  for (const other of [
    await callKey(addTodo, 'client-b', named('k'), KEY_NAME),
    await callKey(deleteTodo, 'client-a', named('k'), KEY_NAME),
    await callKey(addTodo, 'client-a', named('K'), KEY_NAME),
  ])
    expect(other).not.toEqual(first)
})

test('a read has no key, nor has a message that brings none', async () => {
  const none = { ok: true, value: null }
  expect(await callKey(listTodos, 'c', named('not a key!'), KEY_NAME)).toEqual(none)
  expect(await callKey(addTodo, 'c', { meta: {} }, KEY_NAME)).toEqual(none)
  expect(await callKey(addTodo, 'c', { meta: undefined }, KEY_NAME)).toEqual(none)
})
