import { runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'

import { problemOf, signIn, textsOf, todosOf } from './support.ts'

test('a user adds, completes and deletes todos, and each write answers the whole list', async () => {
  const ada = await signIn()
  expect(await ada.list()).toEqual([])

  await ada.add('Buy milk')
  const added = await ada.add('Feed the cat')
  expect(added.status).toBe(200)
  expect(added.headers.get('Cache-Control')).toBe('no-store')
  const [milk, cat] = await todosOf(added)
  expect([milk?.text, cat?.text]).toEqual(['Buy milk', 'Feed the cat'])
  expect(milk?.id).toMatch(/^[\da-f-]{36}$/)

  const completed = await todosOf(await ada.call('PATCH', `/api/todos/${milk?.id}`, { completed: true }))
  expect(completed).toEqual([{ ...milk, completed: true }, cat])
  expect(await ada.list()).toEqual(completed)

  const reopened = await todosOf(await ada.call('PATCH', `/api/todos/${milk?.id}`, { completed: false }))
  expect(reopened).toEqual([milk, cat])

  const remaining = await todosOf(await ada.call('DELETE', `/api/todos/${milk?.id}`))
  expect(remaining).toEqual([cat])
  expect(await ada.list()).toEqual([cat])
})

test('fifty adds at once leave fifty todos', async () => {
  const ada = await signIn()
  const texts = Array.from({ length: 50 }, (_, i) => `todo ${i}`)
  const answers = await Promise.all(texts.map((text) => ada.add(text)))
  expect(answers.map(({ status }) => status)).toEqual(texts.map(() => 200))
  const list = await ada.list()
  expect(list.map(({ text }) => text).toSorted()).toEqual(texts.toSorted())
  expect(new Set(list.map(({ id }) => id)).size).toBe(50)
})

test('a todo of one user does not exist for another', async () => {
  const ada = await signIn()
  const bob = await signIn()
  const [todo] = await todosOf(await ada.add('Only for Ada'))
  expect(await bob.list()).toEqual([])
  const answers = [
    await bob.call('PATCH', `/api/todos/${todo?.id}`, { completed: true }),
    await bob.call('DELETE', `/api/todos/${todo?.id}`),
  ]
  for (const answer of answers)
    expect(await problemOf(answer)).toMatchObject({ status: 404, code: 'todo_unknown' })
  expect(await ada.list()).toEqual([todo])
})

test('a list takes ten thousand todos and no more, and deleting makes room', async () => {
  const ada = await signIn()
  await runInDurableObject(await ada.stub(), (_list, { storage }) => {
    storage.sql.exec(`
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
      INSERT INTO todos (created, since, id, text, completed) SELECT i, i, 'seeded-' || i, 'seeded', 0 FROM n`)
    storage.sql.exec('UPDATE counter SET revision = 9999')
  })
  const list = await todosOf(await ada.add('the last one'))
  expect(list).toHaveLength(10_000)
  expect(list.at(-1)?.text).toBe('the last one')

  expect(await problemOf(await ada.add('one too many'))).toMatchObject({ status: 422, code: 'list_full' })
  expect((await ada.call('DELETE', `/api/todos/${list.at(-1)?.id}`)).status).toBe(200)
  expect((await ada.add('fits again')).status).toBe(200)
})

test.each([
  ['  Buy milk \n', 'Buy milk'],
  ['two\r\nlines\tand a tab', 'two lines and a tab'],
  ['bell\u0007 and escape\u001b[31m', 'bell and escape[31m'],
  ['\u202eright to left\u202c, zero\u200bwidth, \ufeffmark', 'right to left, zerowidth, mark'],
  ['hidden\u{e0041}\u{e0042} tags', 'hidden tags'],
  ['a family 👨‍👩‍👧 stays one', 'a family 👨‍👩‍👧 stays one'],
  ['1️⃣ می‌روم ශ්‍රී 🏴󠁧󠁢󠁷󠁬󠁳󠁿', '1️⃣ می‌روم ශ්‍රී 🏴󠁧󠁢󠁷󠁬󠁳󠁿'],
  ['🏴\u{e0061}\u{e0062} hidden', '🏴 hidden'],
  ['half a pair \ud83d', 'half a pair \ufffd'],
  ['"); DROP TABLE todos; --', '"); DROP TABLE todos; --'],
  ['é'.repeat(500), 'é'.repeat(500)],
  ['👍'.repeat(500), '👍'.repeat(500)],
])('the text %j is kept as %j', async (given, kept) => {
  const ada = await signIn()
  expect(await textsOf(await ada.add(given))).toEqual([kept])
})
