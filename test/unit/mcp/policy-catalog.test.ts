import { expect, test } from 'vitest'
import { notes } from '../../../examples/notes/index.ts'
import { activityTools } from '#activity/tools.ts'
import type { Catalog, Product } from '#catalog/define-product.ts'
import { policyCatalog } from '#mcp/lists/policy-catalog.ts'
import { todos } from '#todos/index.ts'

const unavailable = () => Promise.reject(new Error('nothing is asked here'))
const engine = activityTools({
  questions: { events: unavailable, sessions: unavailable },
  deadlineMs: 1000,
  nameOf: unavailable,
  access: unavailable,
})

function catalogOf(product: Product) {
  const api = { fetch: unavailable, baseUrl: new URL('https://api.example'), deadlineMs: 1000, now: () => 0 }
  const lists: Catalog = product.open(api, {})
  const all = { ...lists, tools: [...lists.tools, ...engine] }
  return policyCatalog(product.slug, all, { claims: ['department'], hasGroups: false })
}

const subjectOf = (product: Product, name: string) =>
  catalogOf(product).subjects.find((subject) => subject.name === name)

test('the tools of the engine belong to the app server, those of a product to its slug', () => {
  const appsOf = (product: Product) =>
    Object.fromEntries(catalogOf(product).subjects.map(({ name, app }) => [name, app]))
  expect(appsOf(todos)).toMatchObject({ whoAmI: 'todos', findMyActivity: 'server', findActivity: 'server' })
  expect(appsOf(notes)).toMatchObject({ whoAmI: 'notes', listNotes: 'notes', getTransaction: 'server' })
})

test('a tool has its arguments with types, and whether it writes', () => {
  expect(subjectOf(todos, 'listTodos')).toMatchObject({
    kind: 'tool',
    isTemplate: false,
    writes: false,
    args: { limit: { type: 'int', isOptional: true }, completed: { type: 'bool', isOptional: true } },
  })
  expect(subjectOf(todos, 'addTodo')).toMatchObject({
    writes: true,
    args: { text: { type: 'string', isOptional: false } },
  })
})

test('what says that the user agreed is no argument for policy', () => {
  const asks = subjectOf(todos, 'deleteTodo')
  expect(Object.keys(asks?.args ?? {})).not.toContain('confirm')
  expect(asks?.writes).toBe(true)
})

test('prompts, resources and templates only read, and a template has its variables', () => {
  expect(subjectOf(todos, 'planMyDay')).toMatchObject({ kind: 'prompt', writes: false })
  expect(subjectOf(todos, 'todo://items/{id}')).toMatchObject({
    kind: 'resource',
    isTemplate: true,
    writes: false,
    args: { id: { type: 'string', isOptional: false } },
  })
  const others = catalogOf(todos).subjects.filter(({ kind }) => kind !== 'tool')
  expect(others.filter(({ writes }) => writes)).toEqual([])
})

test('claims are those of the settings', () => {
  expect(catalogOf(todos)).toMatchObject({ claims: ['department'], hasGroups: false })
})
