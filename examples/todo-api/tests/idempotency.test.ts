import { runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'

import { problemOf, signIn, todosOf } from './support.ts'

const changes = (key: string) => ({ 'Idempotency-Key': key })

test('a repeated write gets its first answer, whatever happened since', async () => {
  const ada = await signIn()
  const first = await ada.add('Buy milk', 'k1')
  const answered = await first.clone().text()
  const [milk] = await todosOf(first)
  await ada.add('Feed the cat')
  await ada.call('PATCH', `/api/todos/${milk?.id}`, { completed: true })
  await ada.call('DELETE', `/api/todos/${milk?.id}`)

  const again = await ada.add('Buy milk', 'k1')
  expect([again.status, await again.text()]).toEqual([200, answered])
  expect([first.headers.get('Idempotency-Replayed'), again.headers.get('Idempotency-Replayed')]).toEqual([
    null,
    'true',
  ])
  expect((await ada.list()).map(({ text }) => text)).toEqual(['Feed the cat'])
})

test('the same write twenty times at once under one key is done once', async () => {
  const ada = await signIn()
  const answers = await Promise.all(Array.from({ length: 20 }, () => ada.add('Buy milk', 'k1')))
  const bodies = await Promise.all(answers.map((answer) => answer.text()))
  expect(new Set(bodies).size).toBe(1)
  expect(answers.filter(({ headers }) => headers.has('Idempotency-Replayed'))).toHaveLength(19)
  expect(await ada.list()).toHaveLength(1)
})

test('deleting and completing are repeated safely too', async () => {
  const ada = await signIn()
  const [milk] = await todosOf(await ada.add('Buy milk'))
  const path = `/api/todos/${milk?.id}`
  const completed = await ada.call('PATCH', path, { completed: true }, changes('done'))
  const deleted = await ada.call('DELETE', path, undefined, changes('gone'))
  const deletedAgain = await ada.call('DELETE', path, undefined, changes('gone'))
  const completedAgain = await ada.call('PATCH', path, { completed: true }, changes('done'))
  expect([deletedAgain.status, await deletedAgain.text()]).toEqual([200, await deleted.text()])
  expect([completedAgain.status, await completedAgain.text()]).toEqual([200, await completed.text()])
  expect((await ada.call('DELETE', path, undefined, changes('other'))).status).toBe(404)
})

test('a refused write keeps its status when it is repeated', async () => {
  const ada = await signIn()
  const path = `/api/todos/${crypto.randomUUID()}`
  const first = await ada.call('DELETE', path, undefined, changes('k1'))
  const again = await ada.call('DELETE', path, undefined, changes('k1'))
  expect(await problemOf(first)).toMatchObject({ status: 404, code: 'todo_unknown' })
  expect(await problemOf(again)).toMatchObject({ status: 404, code: 'todo_unknown' })
  expect(again.headers.get('Idempotency-Replayed')).toBe('true')
})

test('a key serves one request: another text, method or todo under it is refused', async () => {
  const ada = await signIn()
  const [milk] = await todosOf(await ada.add('Buy milk', 'k1'))
  const others = [
    await ada.add('Buy oat milk', 'k1'),
    await ada.call('PATCH', `/api/todos/${milk?.id}`, { completed: true }, changes('k1')),
    await ada.call('DELETE', `/api/todos/${milk?.id}`, undefined, changes('k1')),
  ]
  for (const other of others) {
    expect(await problemOf(other)).toMatchObject({ status: 422, code: 'idempotency_key_reused' })
  }
  expect(await ada.list()).toEqual([milk])
})

test('the key of one user means nothing for another', async () => {
  const ada = await signIn()
  const bob = await signIn()
  await ada.add('Buy milk', 'k1')
  const answer = await bob.add('Feed the cat', 'k1')
  expect((await todosOf(answer)).map(({ text }) => text)).toEqual(['Feed the cat'])
})

test.each(['two words', 'x'.repeat(256), 'a\ttab', ''])('the key %j is refused', async (key) => {
  const ada = await signIn()
  expect(await problemOf(await ada.add('Buy milk', key))).toMatchObject({
    status: 400,
    code: 'idempotency_key_malformed',
  })
  expect(await ada.list()).toEqual([])
})

test('after a day a key is forgotten, and with it what was only kept for its answer', async () => {
  const ada = await signIn()
  const [milk] = await todosOf(await ada.add('Buy milk', 'k1'))
  await ada.call('DELETE', `/api/todos/${milk?.id}`)
  const rows = async () =>
    runInDurableObject(await ada.stub(), (_list, { storage }) =>
      ['todos', 'answers'].map((table) => storage.sql.exec(`SELECT count(*) AS n FROM ${table}`).one()['n']),
    )
  expect(await rows()).toEqual([1, 1])

  await runInDurableObject(await ada.stub(), (_list, { storage }) => {
    storage.sql.exec('UPDATE answers SET expires_at_ms = expires_at_ms - ?', 24 * 60 * 60_000)
  })
  const again = await ada.add('Buy milk', 'k1')
  expect(again.headers.get('Idempotency-Replayed')).toBeNull()
  expect(await todosOf(again)).toHaveLength(1)
  expect(await rows()).toEqual([1, 1])
})
