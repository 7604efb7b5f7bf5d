import { expect, test } from 'vitest'
import { makeReads, readAsked, matchTemplate } from '#mcp/lists/reads.ts'
import { catalog } from '#harness/product.ts'

const reads = makeReads(catalog)

test.each([
  ['todo://items/{id}', 'todo://items/a-1', { id: 'a-1' }],
  ['todo://items/{id}', 'todo://items/a%20b', { id: 'a b' }],
  ['todo://items/{id}', 'todo://items/', null],
  ['todo://items/{id}', 'todo://items/a/b', null],
  ['todo://items/{id}', 'todo://items/a?b', null],
  ['todo://items/{id}', 'todo://items/%ff', null],
  ['todo://items/{id}', 'xtodo://items/a', null],
  ['todo://items/{id}', 'todo://itemsXa', null],
  ['a.b://{one}/c/{two}', 'a.b://1/c/2', { one: '1', two: '2' }],
  ['a.b://{one}/c/{two}', 'axb://1/c/2', null],
])('%s of %s has %j', (template, uri, values) => {
  expect(matchTemplate(template)(uri)).toEqual(values)
})

test.each([
  ['resources/read', { uri: 'todo://list' }, 'resource/todoList'],
  ['resources/read', { uri: 'todo://items/a' }, 'resource/todoItem'],
  ['resources/read', { uri: 'todo://items/..%2F' }, undefined],
  ['resources/read', { uri: 'file:///etc/passwd' }, undefined],
  ['resources/read', {}, undefined],
  ['prompts/get', { name: 'planMyDay' }, 'prompt/planMyDay'],
  ['prompts/get', { name: 'toString' }, undefined],
  [
    'completion/complete',
    { ref: { type: 'ref/resource', uri: 'todo://items/{id}' }, argument: { name: 'id', value: 'a' } },
    'completion/todoItem.id',
  ],
  [
    'completion/complete',
    { ref: { type: 'ref/resource', uri: 'todo://items/{id}' }, argument: { name: 'constructor', value: '' } },
    undefined,
  ],
  ['tools/call', { name: 'listTodos' }, undefined],
])('%s %j reads %s', (method, params, name) => {
  expect(readAsked(reads, { jsonrpc: '2.0', id: 1, method, params })?.act.name).toBe(name)
})

test.each([undefined, null, 1, 'x', [], {}, { method: 1 }])('%j reads nothing', (message) => {
  expect(readAsked(reads, message)).toBeUndefined()
})
