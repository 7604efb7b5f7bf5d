import { expect, test } from 'vitest'
import { tools } from '#todos/tools/index.ts'
import { offeredReads, offeredTools } from '#catalog/offered-tools.ts'

const names = (isReadOnly: boolean) => offeredTools(tools, { isReadOnly }).map(({ name }) => name)

test('a read-only server has the tools that read, and a full one has all', () => {
  expect(names(true)).toEqual(['whoAmI', 'listTodos'])
  expect(names(false)).toEqual(tools.map(({ name }) => name))
})

test('effect and permission both have to say that a tool only reads', () => {
  const odd = tools.map((tool) => ({ ...tool, effect: 'read' as const }))
  expect(offeredTools(odd, { isReadOnly: true }).map(({ name }) => name)).toEqual(['whoAmI', 'listTodos'])
  const hungry = tools.map((tool) => ({ ...tool, scopes: ['todo:read'] as const }))
  expect(offeredTools(hungry, { isReadOnly: true }).map(({ name }) => name)).toEqual(['whoAmI', 'listTodos'])
})

test('a read-only server has nothing to read that needs the permission to write', () => {
  const reads = [{ scopes: ['todo:read'] }, { scopes: ['todo:read', 'todo:write'] }]
  expect(offeredReads(reads, { isReadOnly: true })).toEqual([{ scopes: ['todo:read'] }])
  expect(offeredReads(reads, { isReadOnly: false })).toEqual(reads)
})
