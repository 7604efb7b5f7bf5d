import { runInDurableObject } from 'cloudflare:test'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'

import type { Part } from '../src/todo.ts'
import { changedOf, partOf, problemOf, signIn, todosOf } from './support.ts'

type User = Awaited<ReturnType<typeof signIn>>

const page = async (user: User, query: string) => partOf(await user.call('GET', `/api/todos?${query}`))

/** A list of todos that are as old as their number; every tenth is done. */
async function withTodos(count: number): Promise<User> {
  const ada = await signIn()
  await runInDurableObject(await ada.stub(), (_list, { storage }) => {
    storage.sql.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO todos (created, since, id, text, completed)
         SELECT i, i, printf('00000000-0000-4000-8000-%012d', i), 'todo ' || i, i % 10 = 0 FROM n`,
      count,
    )
    storage.sql.exec('UPDATE counter SET revision = ?', count)
  })
  return ada
}

test('pages follow each other through the whole list, with its length on each', async () => {
  const ada = await withTodos(7)
  const whole = await ada.list()
  const seen = []
  let query = 'limit=3'
  for (const length of [3, 3, 1]) {
    const { todos, total, next } = await page(ada, query)
    expect([todos.length, total]).toEqual([length, 7])
    expect(next).toBe(length === 3 ? todos.at(-1)?.id : null)
    seen.push(...todos)
    query = `limit=3&after=${next}`
  }
  expect(seen).toEqual(whole)
})

test('a full last page says that nothing follows, and an empty list is a page', async () => {
  expect(await page(await withTodos(3), 'limit=3')).toMatchObject({ total: 3, next: null })
  expect(await page(await signIn(), 'limit=3')).toEqual({ todos: [], total: 0, next: null })
})

test('pages of open or done todos count those alone', async () => {
  const ada = await withTodos(25)
  const done = await page(ada, 'completed=true')
  expect([done.todos.map(({ text }) => text), done.total]).toEqual([['todo 10', 'todo 20'], 2])
  const open = await page(ada, 'completed=false&limit=10')
  expect([open.todos.at(-1)?.text, open.total]).toEqual(['todo 11', 23])
  const rest = await page(ada, `completed=false&after=${open.next}`)
  expect([rest.todos.length, rest.todos[0]?.text, rest.next]).toEqual([13, 'todo 12', null])
})

test('the counts follow every write, and a page has at most 200 todos', async () => {
  const ada = await withTodos(300)
  const [first] = (await page(ada, 'limit=1')).todos
  expect((await page(ada, 'completed=false')).todos).toHaveLength(200)
  const counts = async () =>
    Promise.all(
      ['limit=1', 'completed=false', 'completed=true'].map(async (query) => (await page(ada, query)).total),
    )
  expect(await counts()).toEqual([300, 270, 30])
  await ada.call('PATCH', `/api/todos/${first?.id}`, { completed: true })
  await ada.call('PATCH', `/api/todos/${first?.id}`, { completed: true })
  expect(await counts()).toEqual([300, 269, 31])
  await ada.add('one more')
  await ada.call('DELETE', `/api/todos/${first?.id}`)
  await ada.call('DELETE', `/api/todos/${first?.id}`)
  expect(await counts()).toEqual([300, 270, 30])
  expect(await ada.list()).toHaveLength(300)
})

test('todos can be asked for by id; ids that do not exist are left out', async () => {
  const ada = await withTodos(20)
  const [, second, , fourth] = await ada.list()
  const ids = [fourth?.id, crypto.randomUUID(), second?.id, fourth?.id, '..', ''].join(',')
  expect(await page(ada, `ids=${encodeURIComponent(ids)}`)).toEqual({
    todos: [fourth, second],
    total: 20,
    next: null,
  })
})

test('a write can be answered with the todo that it changed, also when it is repeated', async () => {
  const ada = await withTodos(12)
  const key = (name: string) => ({ 'Idempotency-Key': name })
  const write = async (method: string, path: string, body: unknown, name: string) => {
    const send = async () => ada.call(method, `/api/todos${path}?only=changed`, body, key(name))
    const first = await changedOf(await send())
    const again = async () => expect(await changedOf(await send())).toEqual(first)
    return { first, again }
  }
  const added = await write('POST', '', { todoText: 'Buy milk' }, 'a')
  const [milk] = added.first.todos
  expect(added.first).toMatchObject({
    todos: [{ text: 'Buy milk', completed: false }],
    total: 13,
  })
  const done = await write('PATCH', `/${milk?.id}`, { completed: true }, 'b')
  expect(done.first).toEqual({ only: 'changed', todos: [{ ...milk, completed: true }], total: 13 })
  const deleted = await write('DELETE', `/${milk?.id}`, undefined, 'c')
  expect(deleted.first).toEqual({ only: 'changed', todos: [], total: 12 })
  await ada.add('meanwhile')
  for (const { again } of [added, done, deleted]) await again()
  // The form of an answer is no part of the write: the same key gets the same write in the other form.
  const whole = await todosOf(await ada.call('POST', '/api/todos', { todoText: 'Buy milk' }, key('a')))
  expect([whole.length, whole.at(-1)]).toEqual([13, milk])
})

test.each([
  ['limit=0', ['limit']],
  ['limit=201', ['limit']],
  ['limit=-1&completed=yes', ['limit', 'completed']],
  ['limit=1e2', ['limit']],
  ['limit=', ['limit']],
  ['ids=a&limit=3', ['ids', 'limit']],
  [`ids=${Array.from({ length: 201 }, (_, at) => at).join(',')}`, ['ids']],
])('the query %j is refused, and what of it is said', async (query, parameters) => {
  const ada = await signIn()
  expect(await problemOf(await ada.call('GET', `/api/todos?${query}`))).toMatchObject({
    status: 400,
    code: 'parameters_invalid',
    parameters,
  })
})

test('an answer in a form that is not known is refused before the write', async () => {
  const ada = await signIn()
  const answer = await ada.call('POST', '/api/todos?only=errors', { todoText: 'x' })
  expect(await problemOf(answer)).toMatchObject({
    status: 400,
    code: 'parameters_invalid',
    parameters: ['only'],
  })
  expect(await ada.list()).toEqual([])
})

test.each(['of nobody', '..', '', crypto.randomUUID()])('nothing comes after the id %j', async (after) => {
  const ada = await withTodos(3)
  const answer = await ada.call('GET', `/api/todos?after=${encodeURIComponent(after)}`)
  expect(await problemOf(answer)).toMatchObject({ status: 404, code: 'todo_unknown' })
})

/** How many rows of storage each act reads. */
async function rowsRead(count: number): Promise<number[]> {
  const ada = await withTodos(count)
  const { todos } = await page(ada, 'limit=5')
  const last = todos.at(-1)?.id
  const parts: Part[] = [
    { kind: 'page', limit: 5, after: undefined, completed: undefined },
    { kind: 'page', limit: 2, after: last, completed: undefined },
    { kind: 'page', limit: 1, after: last, completed: true },
    { kind: 'ids', ids: todos.map(({ id }) => id) },
  ]
  return runInDurableObject(await ada.stub(), (list, { storage }) => {
    const spy = vi.spyOn(storage.sql, 'exec')
    const reads = (act: () => void) => {
      spy.mockClear()
      act()
      return spy.mock.results.reduce(
        (sum, { type, value }) =>
          sum + (type === 'return' ? z.object({ rowsRead: z.number() }).parse(value).rowsRead : 0),
        0,
      )
    }
    return [
      ...parts.map((part) => reads(() => list.read(part))),
      reads(() => list.write({ kind: 'add', text: 'x' }, { key: 'k', request: 'r' }, true)),
      reads(() => list.write({ kind: 'complete', id: last ?? '', completed: true }, undefined, true)),
      reads(() => list.write({ kind: 'delete', id: last ?? '' }, undefined, true)),
    ]
  })
}

test('a page and a write read as many rows of ten thousand todos as of twenty', async () => {
  const few = await rowsRead(20)
  expect(await rowsRead(9_999)).toEqual(few)
  expect(Math.min(...few)).toBeGreaterThan(0)
  expect(Math.max(...few)).toBeLessThan(25)
})

test('a list that was stored before there were counts is counted once', async () => {
  const ada = await withTodos(20)
  await runInDurableObject(await ada.stub(), (_list, { storage }) => {
    storage.sql.exec('DELETE FROM counts')
  })
  await runInDurableObject(await ada.stub(), async (_list, state) => {
    const { TodoList } = await import('../src/todo-list.ts')
    const { env } = await import('cloudflare:workers')
    const opened = new TodoList(state, env)
    expect(opened.read({ kind: 'page', limit: 1, after: undefined, completed: true })).toMatchObject({
      total: 2,
    })
  })
})
