import { expect, test } from 'vitest'
import { err, ok } from '#lib/result.ts'
import { type Act, readAnswer } from '#todos/api/read-answer.ts'

const NOW = Date.UTC(2026, 0, 1) / 1000
const todo = { id: 'a-1', text: 'Buy milk', completed: false }
const acts: readonly Act[] = ['read', 'add', 'change']

const read = (act: Act, status: number, text: string, headers: Record<string, string> = {}) =>
  readAnswer({ status, text, headers: new Headers(headers) }, act, NOW)
/** The answer of an API that does not limit. */
const whole = (todos: object[]) => ok({ todos, part: null })
/** The outcome of this answer for a read, an addition and a change, in this order. */
const reasons = (...answer: [status: number, text: string, headers?: Record<string, string>]) =>
  acts.map((act) => {
    const judged = read(act, ...answer)
    return judged.ok ? 'ok' : judged.error.reason
  })

test('todos are read, what we do not know is dropped, and ids that are numbers become text', () => {
  const body = JSON.stringify({
    todos: [
      { ...todo, owner: 'x' },
      { ...todo, id: 7 },
    ],
    page: 1,
  })
  expect(read('read', 200, body)).toEqual(whole([todo, { ...todo, id: '7' }]))
})

test.each<[Act, object, object | null]>([
  ['read', { total: 7, next: 'a-1' }, { total: 7, next: 'a-1' }],
  ['read_after', { total: 7, next: null }, { total: 7, next: null }],
  ['read', { total: 7, next: 12 }, { total: 7, next: '12' }],
  ['read', { total: 7 }, null],
  ['read', { total: '7', next: null }, null],
  ['read', { total: 7, next: 'https://api.example/todos?page=2' }, null],
  ['read', { only: 'changed', total: 7 }, null],
  ['add', { only: 'changed', total: 7 }, { total: 7, next: null }],
  ['change', { only: 'changed', total: 7 }, { total: 7, next: null }],
  ['add', { total: 7, next: null }, null],
  ['change', { only: 'changed' }, null],
])('an answer to %s with %j is part of a list as %j', (act, fields, part) => {
  const body = JSON.stringify({ todos: [todo], ...fields })
  expect(read(act, 200, body)).toEqual(ok({ todos: [todo], part }))
})

test('a todo that a page should follow and that is not there is gone', () => {
  for (const status of [404, 410]) expect(read('read_after', status, '')).toEqual(err({ reason: 'gone' }))
  expect(read('read_after', 500, '')).toEqual(err({ reason: 'unavailable' }))
  expect(read('read_after', 503, '', { 'retry-after': '7' })).toMatchObject({ error: { reason: 'busy' } })
})

test('what JSON says counts, not what it is called', () => {
  const body = JSON.stringify({ todos: [todo] })
  for (const type of ['text/html', 'application/octet-stream', '']) {
    expect(read('add', 201, body, { 'content-type': type })).toEqual(whole([todo]))
  }
})

test.each([
  [401, ['unauthorized', 'unauthorized', 'unauthorized']],
  [403, ['forbidden', 'forbidden', 'forbidden']],
  [404, ['unavailable', 'unavailable', 'gone']],
  [410, ['unavailable', 'unavailable', 'gone']],
  [400, ['unavailable', 'invalid', 'invalid']],
  [405, ['unavailable', 'invalid', 'invalid']],
  [422, ['unavailable', 'invalid', 'invalid']],
  [413, ['too_large', 'too_large', 'too_large']],
  [429, ['busy', 'busy', 'busy']],
])('%i means %j: surely not executed', (status, expected) => {
  expect(reasons(status, '<html>')).toEqual(expected)
})

test.each([500, 502, 503, 504, 408, 409, 300, 301, 302, 303, 307, 308])(
  'after %i a write is unknown and a read is unavailable',
  (status) => {
    const answer = reasons(status, JSON.stringify({ todos: [todo] }), { location: 'https://evil.example' })
    expect(answer).toEqual(['unavailable', 'unknown_outcome', 'unknown_outcome'])
  },
)

test.each([
  '<html>Sign in</html>',
  '',
  '[]',
  'null',
  '{"todos":[{"id":"a","text":"cut o',
  '{"todos":[{"id":"../x","text":"a","completed":false}]}',
  '{"todos":[{"id":-7,"text":"a","completed":false}]}',
  '{"todos":[{"id":1e300,"text":"a","completed":false}]}',
  '{"todos":[{"id":"a","text":null,"completed":false}]}',
  '{"todos":{}}',
])('200 with %j is no answer', (body) => {
  expect(reasons(200, body)).toEqual(['unavailable', 'unknown_outcome', 'unknown_outcome'])
})

test.each([
  ['7', 7],
  ['0', 1],
  ['999999', 3600],
  ['9'.repeat(400), 3600],
  ['Thu, 01 Jan 2026 00:00:30 GMT', 30],
  ['Thu, 01 Jan 2015 00:00:30 GMT', 1],
  ['Thu, 01 Jan 2099 00:00:30 GMT', 3600],
  ['Thu, 99 Jan 2026 00:00:30 GMT', null],
  ['-5', null],
  ['1.5', null],
  ['2026-01-01', null],
  ['soon', null],
  ['', null],
  [null, null],
])('429 with Retry-After %j waits %j seconds', (value, retryAfterSeconds) => {
  const headers: Record<string, string> = value === null ? {} : { 'retry-after': value }
  expect(read('add', 429, '', headers)).toEqual(err({ reason: 'busy', retryAfterSeconds }))
})

test('503 with Retry-After tells a reading when to come back; a write stays unknown', () => {
  const headers = { 'retry-after': '20' }
  expect(read('read', 503, '', headers)).toEqual(err({ reason: 'busy', retryAfterSeconds: 20 }))
  expect(read('add', 503, '', headers)).toEqual(err({ reason: 'unknown_outcome' }))
})
