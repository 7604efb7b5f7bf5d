import { expect, test } from 'vitest'
import { type Catalog, readOnly } from '#catalog/define-product.ts'
import { todos } from '#todos/index.ts'
import { catalog } from '#harness/product.ts'

const names = (tools: Catalog['tools']) =>
  readOnly({ ...catalog, tools }, todos.scopes).tools.map(({ name }) => name)
const { tools } = catalog

test('a read-only server has the tools that read, and a full one has all', () => {
  expect(names(tools)).toEqual(['whoAmI', 'listTodos'])
})

test('effect and permission both have to say that a tool only reads', () => {
  const odd = tools.map((tool) => ({ ...tool, effect: 'read' as const }))
  expect(names(odd)).toEqual(['whoAmI', 'listTodos'])
  const hungry = tools.map((tool) => ({ ...tool, scopes: ['todo:read'] as const }))
  expect(names(hungry)).toEqual(['whoAmI', 'listTodos'])
})

test('a read-only server has nothing to read that needs the permission to write', () => {
  const [resource] = catalog.resources
  const [prompt] = catalog.prompts
  if (resource === undefined || prompt === undefined) throw new Error('the product has none')
  const writing = { scopes: ['todo:read', 'todo:write'] as const }
  const all = {
    ...catalog,
    resources: [resource, { ...resource, ...writing }],
    prompts: [{ ...prompt, ...writing }, prompt],
  }
  expect(readOnly(all, todos.scopes)).toMatchObject({ resources: [resource], prompts: [prompt] })
})
