import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { notes } from '../../examples/notes/index.ts'
import type { Catalog, Product } from '#catalog/define-product.ts'
import { policyCatalog } from '#mcp/lists/policy-catalog.ts'
import { compilePolicy } from '#policy/compile.ts'
import { PolicyDocument, Rule } from '#policy/document.ts'
import { lint } from '#policy/lint.ts'
import type { Question } from '#policy/question.ts'
import { readPolicyText } from '#control/documents.ts'
import { todos } from '#todos/index.ts'
import { question } from './policy/support.ts'

const PAGE = readFileSync('docs/policy.md', 'utf8')
const NO_API = {
  fetch: () => Promise.reject(new Error('no API here')),
  baseUrl: new URL('https://api.example'),
  deadlineMs: 1000,
  now: () => 0,
}
const listsOf = (product: Product): Catalog => product.open(NO_API, {})
const catalogOf = (product: Product) =>
  policyCatalog(product.slug, listsOf(product), { claims: ['department'], hasGroups: true })

/** The JSON with trailing commas in the blocks of the page, from its beginning. */
const blocks = [...PAGE.matchAll(/```jsonc\n([\s\S]*?)```/g)].map(([, text = '']): unknown =>
  JSON.parse(text.replaceAll(/,(?=\s*[}\]])/g, '')),
)
const rules = blocks.slice(0, 5).map((block) => Rule.parse(block))

/** The effect of one rule of the page alone, under default allow. */
async function effectOf(id: string, over: Partial<Question>): Promise<string> {
  const rule = rules.find((one) => one.id === id)
  const document = PolicyDocument.parse({ version: 1, default: 'allow', rules: [rule] })
  expect(lint(document, catalogOf(todos))).toEqual([])
  const policy = await compilePolicy(document)
  if (!policy.ok) throw new Error(policy.error.join('\n'))
  return policy.value.decide(question(over)).effect
}

const tool = (name: string, writes = true) => ({ app: 'todos', kind: 'tool', names: [name], writes }) as const
const { user, client } = question()
const at = (time: string) => ({ nowMs: Date.parse(time) })

test('the page begins with five rules and a whole document', () => {
  expect(rules.map(({ id }) => id)).toEqual([
    'only-editors-delete',
    'no-planning',
    'office-hours',
    'no-passwords',
    'changes-from-claude-only',
  ])
  expect(PolicyDocument.parse(blocks[5]).rules).toEqual([])
})

test('one tool is denied for everyone outside a group', async () => {
  const deleting = { subject: tool('deleteTodo'), args: { ids: ['1'] } }
  expect(await effectOf('only-editors-delete', deleting)).toBe('deny')
  const editor = { ...user, groups: ['editors'] }
  expect(await effectOf('only-editors-delete', { ...deleting, user: editor })).toBe('allow')
  expect(await effectOf('only-editors-delete', { subject: tool('addTodo') })).toBe('allow')
})

test.each(['list', 'call'] as const)('a prompt is hidden in a %s', async (phase) => {
  const prompt = (name: string) => ({ app: 'todos', kind: 'prompt', names: [name] }) as const
  const args = phase === 'list' ? null : {}
  expect(await effectOf('no-planning', { phase, args, subject: prompt('planMyDay') })).toBe('hide')
  expect(await effectOf('no-planning', { phase, args, subject: prompt('reviewOpen') })).toBe('allow')
})

test.each([
  ['2026-11-30T06:59:00Z', 'deny'],
  ['2026-11-30T07:00:00Z', 'allow'],
  ['2026-11-30T16:59:00Z', 'allow'],
  ['2026-11-30T17:00:00Z', 'deny'],
  ['2026-11-29T10:00:00Z', 'deny'],
  // Summer time.
  ['2026-07-01T06:00:00Z', 'allow'],
])('office hours: at %s a change gets %s', async (time, effect) => {
  expect(await effectOf('office-hours', { subject: tool('addTodo'), ...at(time) })).toBe(effect)
  expect(await effectOf('office-hours', { subject: tool('listTodos', false), ...at(time) })).toBe('allow')
})

test.each([
  ['My Password is 1234', 'deny'],
  ['Buy milk', 'allow'],
])('an argument decides: %s', async (text, effect) => {
  expect(await effectOf('no-passwords', { subject: tool('addTodo'), args: { text } })).toBe(effect)
})

test('a domain of a client decides', async () => {
  const change = { subject: tool('addTodo') }
  expect(await effectOf('changes-from-claude-only', change)).toBe('deny')
  const claude = { ...client, domain: 'claude.ai' }
  expect(await effectOf('changes-from-claude-only', { ...change, client: claude })).toBe('allow')
})

const SHIPPED = ['default', 'read-only', 'locked-down'] as const
async function shipped(name: (typeof SHIPPED)[number]) {
  const read = await readPolicyText(readFileSync(`policy/${name}.jsonc`, 'utf8'))
  if (!read.ok) throw new Error(read.error.join('\n'))
  return read.value
}

test.each(SHIPPED)('%s allows what its name says, of any product', async (name) => {
  const { policy } = await shipped(name)
  const open = [todos, notes].flatMap((product) =>
    catalogOf(product)
      .subjects.filter(({ app, kind, name: one, writes }) => {
        const subject = { app, kind, names: [one], writes }
        return policy.decide(question({ subject })).effect === 'allow'
      })
      .map(({ name: one }) => one),
  )
  const all = [todos, notes].flatMap((product) => catalogOf(product).subjects)
  const expected = {
    default: all,
    'read-only': all.filter(({ writes }) => !writes),
    'locked-down': all.filter((one) => one.name === 'whoAmI'),
  }
  expect(open).toEqual(expected[name].map((one) => one.name))
})
