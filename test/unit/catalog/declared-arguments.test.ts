import { expect, test } from 'vitest'
import { z } from 'zod'
import { keptAs, undeclaredIn } from '#catalog/argument-class.ts'
import type { Catalog, Product } from '#catalog/define-product.ts'
import { openProduct } from '#harness/call-tool.ts'
import { makeLists } from '#mcp/lists/listed.ts'
import { makeReads } from '#mcp/lists/reads.ts'
import { todos } from '#todos/index.ts'
import { notes } from '../../../examples/notes/index.ts'

/** Fields that clients fill in and whose class nobody chose, as `tool.field`. */
function undeclared({ tools, prompts, resourceTemplates }: Omit<Catalog, 'resources'>): string[] {
  const schemas = [
    ...tools.map(({ name, input }) => ({ name, schema: input })),
    ...prompts.map((prompt) => ({ name: prompt.name, schema: prompt.arguments })),
    ...resourceTemplates.map(({ name, variables }) => ({ name, schema: variables })),
  ]
  return schemas.flatMap(({ name, schema }) => undeclaredIn(schema).map((field) => `${name}.${field}`))
}

const shipped: [string, Product][] = [todos, notes].map((product) => [product.slug, product])

test.each(shipped)('every argument of %s declares how the audit log keeps it', (_slug, product) => {
  expect(undeclared(openProduct(product))).toEqual([])
})

test('a field that a product does not declare is named', () => {
  const { tools, prompts, resourceTemplates } = openProduct(todos)
  const [tool, prompt, template] = [tools[0], prompts[0], resourceTemplates[0]]
  if (tool === undefined || prompt === undefined || template === undefined)
    throw new Error('the product has too little')
  const odd = z.strictObject({ known: keptAs('plain', z.string()), forgotten: z.string().optional() })
  expect(
    undeclared({
      tools: [{ ...tool, name: 'oddTool', input: odd }],
      prompts: [{ ...prompt, name: 'oddPrompt', arguments: odd }],
      resourceTemplates: [{ ...template, name: 'oddTemplate', variables: odd }],
    }),
  ).toEqual(['oddTool.forgotten', 'oddPrompt.forgotten', 'oddTemplate.forgotten'])
})

test('the text that a user types for a completion is declared too', () => {
  const found = makeReads(openProduct(todos)).completion({
    ref: { type: 'ref/resource', uri: 'todo://items/{id}' },
    argument: { name: 'id', value: 'x' },
  })
  if (!found.ok) throw new Error(`the completion is ${found.error}`)
  expect(undeclaredIn(found.value.act.input)).toEqual([])
})

test.each(shipped)('no list of %s shows a class', (_slug, product) => {
  expect(JSON.stringify(makeLists(openProduct(product)))).not.toContain('keptAs')
})
