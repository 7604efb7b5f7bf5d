import { afterAll, beforeAll, expect, test } from 'vitest'
import { TRANSPORTS, openTransport } from '#harness/transport.ts'
import { storyContext } from '#harness/story.ts'
import { startWatchedWorld, type WatchedWorld } from '../support/watched-world.ts'

let watched: WatchedWorld
beforeAll(async () => {
  watched = await startWatchedWorld()
})
afterAll(() => watched?.[Symbol.asyncDispose]())
const story = () => storyContext(watched.addresses)

const IDS = [
  '../../x',
  '..',
  '.',
  '',
  ' ',
  'a/b',
  'a\\b',
  'a?b',
  'a#b',
  'a&b=c',
  '%2e%2e',
  '%2e%2e%2f%2e%2e%2fx',
  '%00',
  'a\u0000b',
  'a\r\nX-Evil: 1',
  'a\u202eb',
  'a\u200bb',
  'ａ',
  '; DROP TABLE todos',
  'http://evil.example/',
  'x'.repeat(129),
  'x'.repeat(1_000_000),
  '__proto__/x',
]

const WRONG = [
  undefined,
  null,
  [],
  'text',
  42,
  {},
  { text: null },
  { text: 42 },
  { text: ['x'] },
  { text: { toString: 'x' } },
  { text: '' },
  { text: ' \n\t ' },
  { text: 'x'.repeat(501) },
  { text: 'x'.repeat(1_000_000) },
  { text: 'x', owner: 'bob' },
  { text: 'x', __proto__x: 1 },
  { Text: 'x' },
]

test.for(TRANSPORTS)(
  '%s: an id that means something in a path, a query or a header is refused',
  async (transport) => {
    const { call, todos } = await openTransport(story(), transport)
    expect((await call('addTodo', { text: 'stays' })).status).toBe(200)
    const before = watched.todoApi.exchanges.length
    for (const id of IDS) {
      for (const [tool, input] of [
        ['deleteTodo', { id }],
        ['updateTodo', { id, completed: true }],
      ] as const) {
        const { status, text } = await call(tool, input)
        expect([tool, id.slice(0, 20), status < 500]).toEqual([tool, id.slice(0, 20), true])
        expect([tool, id.slice(0, 20), text]).toEqual([
          tool,
          id.slice(0, 20),
          expect.not.stringContaining('structuredContent'),
        ])
        expect(text.length).toBeLessThan(5_000)
      }
    }
    expect(await todos()).toEqual(['stays'])
    // None of them reached the API; an unknown but valid id does.
    await call('updateTodo', { id: 'nobody', completed: true })
    const changes = watched.todoApi.exchanges.slice(before).filter(({ method }) => method !== 'GET')
    expect(changes.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'PATCH /api/todos/nobody?only=changed',
    ])
  },
)

test.for(TRANSPORTS)(
  '%s: ids that are names of what every object has are just ids that nobody has',
  async (transport) => {
    const { call, todos } = await openTransport(story(), transport)
    for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', '0', '-1']) {
      const { status, text } = await call('deleteTodo', { id })
      expect([id, status, text.includes('There is no todo with this id')]).toEqual([id, 200, true])
    }
    expect(await todos()).toEqual([])
  },
)

test.for(TRANSPORTS)(
  '%s: arguments of the wrong shape are refused, and none is executed',
  async (transport) => {
    const { call, send, message, todos } = await openTransport(story(), transport)
    for (const input of WRONG) {
      const { status, text } = await call('addTodo', input)
      expect([JSON.stringify(input)?.slice(0, 40), status < 500]).toEqual([
        JSON.stringify(input)?.slice(0, 40),
        true,
      ])
      expect(text).not.toContain('structuredContent')
    }
    // As text: in an object literal it would set the prototype.
    const polluting = JSON.stringify(message('addTodo', { y: { text: 'x' } })).replace('"y"', '"__proto__"')
    const { status, text } = await send(polluting)
    expect(status).toBeLessThan(500)
    expect(text).not.toContain('structuredContent')
    for (const name of [
      '',
      'AddTodo',
      'addTodo ',
      '__proto__',
      'constructor',
      'x'.repeat(10_000),
      '../addTodo',
    ]) {
      const unknown = await call(name, { text: 'x' }).catch(() => ({ status: 400, text: '' }))
      expect([name.slice(0, 20), unknown.status < 500, unknown.text.includes('structuredContent')]).toEqual([
        name.slice(0, 20),
        true,
        false,
      ])
    }
    expect(await todos()).toEqual([])
  },
)

test.for(TRANSPORTS)(
  '%s: a text with control and bidi characters is kept as data and shown clean',
  async (transport) => {
    const { call, todos } = await openTransport(story(), transport)
    const { status, text } = await call('addTodo', { text: 'a\u0007b\u202ec\u200bd\ne <script> \u{e0148}f' })
    expect(status).toBe(200)
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Default_Ignorable_Code_Point}]|\\u(?:0007|202e|200b)/u)
    expect(await todos()).toEqual(['abcd e <script> f'])
  },
)
