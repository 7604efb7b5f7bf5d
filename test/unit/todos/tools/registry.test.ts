import { expect, test } from 'vitest'
import { makeLists } from '#mcp/lists/listed.ts'
import { catalog } from '#harness/product.ts'
import type { TodoStore } from '#todos/api/client.ts'
import { undeclaredIn } from '#catalog/argument-class.ts'
import { defineTool, type ProductTool } from '#catalog/define-tool.ts'
import { ok } from '#lib/result.ts'
import { tools } from '#todos/tools/index.ts'
import { toolHints } from '#catalog/tool-hints.ts'
import { contextWith } from './context.ts'
import { examples } from './examples.ts'
import { z } from 'zod'

/** Loosely typed, so that a tool that evades the compiler is checked too. */
type LooseTool = Omit<ProductTool<TodoStore>, 'scopes' | 'effect'> & {
  scopes: readonly string[]
  effect: string
}

/** The names of the rules that the tool breaks. */
function missing(tool: LooseTool): string[] {
  const example = Object.hasOwn(examples, tool.name) ? examples[tool.name] : undefined
  const needs: Record<string, boolean> = {
    'scopes: what its token must have': tool.scopes.length > 0,
    'an effect: read, add, change or delete': Object.hasOwn(toolHints, tool.effect),
    'an example of a call, in test/unit/todos/tools/examples.ts': example !== undefined,
    'an example that its input accepts': example === undefined || tool.input.safeParse(example.input).success,
    'a title': tool.title !== '',
    'a description that says when to use it': tool.description.includes('Use it'),
    'the scope todo:read': tool.scopes.includes('todo:read'),
    'the scope todo:write, because it changes something':
      tool.effect === 'read' || tool.scopes.includes('todo:write'),
    'a question for the user, because it deletes': tool.effect !== 'delete' || tool.confirm !== undefined,
    'a strict input': !tool.input.safeParse({ surprise: 1 }).success,
    'fields in its output': Object.keys(tool.output.shape).length > 0,
    'words for every argument': Object.values(tool.input.shape).every(isDescribed),
    'how the audit log keeps every argument (keptAs)': undeclaredIn(tool.input).length === 0,
  }
  return Object.entries(needs).flatMap(([need, has]) => (has ? [] : [need]))
}
const isDescribed = (schema: z.core.$ZodType): boolean => {
  const shown = JSON.stringify(z.toJSONSchema(schema))
  return shown.includes('"description"')
}

test.each(tools.map((tool) => [tool.name, tool] as const))('%s lacks nothing', (_name, tool) => {
  expect(missing(tool)).toEqual([])
})

test.each(tools.map((tool) => [tool.name, tool] as const))(
  'the example of %s is answered with what its output names',
  async (name, tool) => {
    const { input, todos = [], before = todos } = examples[name] ?? { input: 'none' }
    const answer = await tool.run(input, contextWith(ok(todos), {}, ok(before)))
    expect(answer).toMatchObject({ ok: true, value: { text: expect.stringMatching(/./) } })
    expect(tool.output.safeParse(answer.ok ? answer.value.structured : null).success).toBe(true)
  },
)

test('every example is of a tool', () => {
  expect(Object.keys(examples).toSorted()).toEqual(tools.map(({ name }) => name).toSorted())
})

test('a tool without scopes, effect, output and example is told each of them', () => {
  const [whole] = tools
  const bare: LooseTool | undefined = whole && {
    ...whole,
    name: 'bare',
    scopes: [],
    effect: '',
    output: z.object({}),
  }
  expect(bare && missing(bare)).toEqual([
    'scopes: what its token must have',
    'an effect: read, add, change or delete',
    'an example of a call, in test/unit/todos/tools/examples.ts',
    'the scope todo:read',
    'the scope todo:write, because it changes something',
    'fields in its output',
  ])
})

test('a tool that lacks something is told what', () => {
  const bare = defineTool({
    name: 'bare',
    title: '',
    description: 'Does something',
    scopes: ['todo:read'],
    effect: 'delete',
    input: z.strictObject({ a: z.string() }),
    output: z.object({}),
    run: async () => ({ ok: true, value: {} }),
    say: () => '',
  })
  expect(missing(bare)).toEqual([
    'an example of a call, in test/unit/todos/tools/examples.ts',
    'a title',
    'a description that says when to use it',
    'the scope todo:write, because it changes something',
    'a question for the user, because it deletes',
    'fields in its output',
    'words for every argument',
    'how the audit log keeps every argument (keptAs)',
  ])
})

const lists = makeLists(catalog)
/** A rough estimate for English words in JSON. It is the same on every machine. */
const tokensOf = (value: unknown) => Math.ceil(JSON.stringify(value).length / 4)

// Models read the list on every turn. docs/performance.md has the figure.
test('the list of tools fits its budget of 2,000 tokens', () => {
  // 400 for each tool, so that one more may come.
  expect(tokensOf(lists.tools)).toBeLessThan(400 * lists.tools.length)
  expect(tokensOf([lists.resources, lists.resourceTemplates, lists.prompts])).toBeLessThan(400)
})

test('names of tools, resources and prompts are unique and in a fixed order', () => {
  for (const names of [tools, [...catalog.resources, ...catalog.resourceTemplates], catalog.prompts].map(
    (list) => list.map(({ name }) => name),
  )) {
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[a-z][A-Za-z]{0,63}$/)
  }
  expect(lists.tools.map(({ name }) => name)).toEqual(tools.map(({ name }) => name))
})
