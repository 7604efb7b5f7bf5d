import { expect, test } from 'vitest'
import { KEY_NAME } from '#harness/product.ts'
import { TRANSPORTS, openTransport } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'

const story = storyContext()
const withKey = (key: string) => ({ [KEY_NAME]: key })
const transactionIn = (text: string) => /"transaction":"([^"]+)"/.exec(text)?.[1]
const idIn = (text: string) => /"id":"([^"]+)","text"/.exec(text)?.[1]

test.each(TRANSPORTS)('%s: a write that is sent again with its key is answered again', async (name) => {
  const transport = await openTransport(story, name)
  const first = await transport.call('addTodo', { text: 'bread' }, withKey('shopping-1'))
  expect([first.status, first.text.includes('"structuredContent"')]).toEqual([200, true])
  for (let n = 0; n < 3; n += 1) {
    const again = await transport.call('addTodo', { text: 'bread' }, withKey('shopping-1'))
    expect(again.text).toContain('"repeated":true')
    expect([transactionIn(again.text), idIn(again.text)]).toEqual([
      transactionIn(first.text),
      idIn(first.text),
    ])
  }
  expect(await transport.todos()).toEqual(['bread'])

  const other = await transport.call('addTodo', { text: 'butter' }, withKey('shopping-1'))
  expect(other.text).toContain('used for other arguments')
  expect((await transport.call('addTodo', { text: 'butter' }, withKey('no key'))).text).toContain(
    'An idempotency key is',
  )
  expect(await transport.todos()).toEqual(['bread'])
  // The same arguments for another tool, or with another key, are another call.
  await transport.call('addTodo', { text: 'bread' }, withKey('shopping-2'))
  const change = { id: idIn(first.text), completed: true }
  expect((await transport.call('updateTodo', change, withKey('shopping-1'))).text).toContain(
    '"completed":true',
  )
  expect(await transport.todos()).toEqual(['bread', 'bread'])
})

test.each(TRANSPORTS)('%s: twenty at once with one key are one write', async (name) => {
  const transport = await openTransport(story, name)
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => transport.call('addTodo', { text: 'once' }, withKey('together'))),
  )
  expect(await transport.todos()).toEqual(['once'])
  expect(new Set(answers.map(({ text }) => idIn(text))).size).toBe(1)
  expect(answers.filter(({ text }) => text.includes('"repeated":true'))).toHaveLength(19)
})

test('without a key, a message that comes again is a write of its own, also with the same id', async () => {
  for (const name of TRANSPORTS) {
    const transport = await openTransport(story, name)
    const message = JSON.stringify(transport.message('addTodo', { text: 'milk' }))
    expect((await transport.send(message)).text).toContain('Added. ')
    // Some clients use the same id for all requests, also for parallel ones.
    const answers = await Promise.all([transport.send(message), transport.send(message)])
    for (const { text } of answers) {
      expect(text).toContain('Added. ')
      expect(text).not.toContain('"repeated"')
    }
    expect([name, await transport.todos()]).toEqual([name, ['milk', 'milk', 'milk']])
  }
})
