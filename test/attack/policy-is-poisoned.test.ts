import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readPolicyText } from '#control/documents.ts'
import type { PolicyDocument } from '#policy/document.ts'
import { widens } from '#policy/widens.ts'

// What an editor or a pull request could bring into `policy/`.

const RULE = { id: 'slow', what: { kind: 'tool' }, effect: 'deny', says: 'No.' }
const textOf = (rules: readonly object[]) => JSON.stringify({ version: 1, default: 'allow', rules })
const withIf = (condition: string) => textOf([{ ...RULE, if: condition }])

const SLOW: Readonly<Record<string, string>> = {
  'an expression that backtracks': withIf('args.text.matches("(a+)+$")'),
  'an expression of many instructions': withIf('re(args.text, "((a{100}){100}){100}")'),
  'a pattern of a name with many instructions': textOf([
    { ...RULE, what: { kind: 'tool', name: { regex: '(x{0,999}){0,999}' } } },
  ]),
  'an expression that is made at run time': withIf('re(args.text, args.pattern)'),
  'a list inside a list': withIf('args.ids.exists(x, args.ids.exists(y, x == y))'),
  'three lists inside one another': withIf('[1].all(a, [1].all(b, [1].all(c, args.n == a + b + c)))'),
  'a text looked for in another': withIf('args.text.contains(args.other)'),
  'a text that is written once for each of a list': withIf(
    'args.ids.map(x, args.text + args.text).size() > 3',
  ),
  'more nodes than 200': withIf(Array.from({ length: 150 }, () => 'args.n > 1').join(' || ')),
  'a condition that is too long': withIf(`args.text == "${'x'.repeat(2001)}"`),
  'more than 1,000 rules': textOf(Array.from({ length: 1001 }, (_, at) => ({ ...RULE, id: `r${at}` }))),
  'more than 100 names': textOf([
    { ...RULE, what: { kind: 'tool', name: Array.from({ length: 101 }, String) } },
  ]),
  'more than 256 KiB': `${textOf([RULE])}${' '.repeat(256 * 1024)}`,
  'ten thousand brackets': '['.repeat(10_000),
  'a member that stands twice': '{"version":1,"default":"deny","default":"allow","rules":[]}',
}

test.for(Object.entries(SLOW))('T54 %s takes no force', async ([, text]) => {
  const read = await readPolicyText(text)
  expect(read.ok ? [] : read.error).not.toEqual([])
})

async function documentOf(text: string): Promise<PolicyDocument> {
  const read = await readPolicyText(text)
  if (!read.ok) throw new Error(read.error.join('\n'))
  return read.value.document
}
const shipped = (name: string) => documentOf(readFileSync(`policy/${name}.jsonc`, 'utf8'))

test.for([
  ['locked-down', 'read-only'],
  ['locked-down', 'default'],
  ['read-only', 'default'],
] as const)('T56 a deployment of %s that carries %s instead widens, and says what', async ([from, to]) => {
  expect(widens(await shipped(from), await shipped(to))).not.toEqual([])
  expect(widens(await shipped(to), await shipped(to))).toEqual([])
})

test('T56 weakening a rule in any of its parts widens', async () => {
  const rule = { ...RULE, what: { kind: 'tool', name: ['addTodo', 'deleteTodo'] } }
  const before = await documentOf(textOf([rule]))
  const weaker = [
    { mode: 'shadow' },
    { effect: 'allow' },
    { what: { kind: 'tool', name: 'addTodo' } },
    { what: { kind: 'prompt' } },
    { what: { ...rule.what, writes: false } },
    { app: 'server' },
    { who: [{ group: 'guests' }] },
    { if: 'user.id == "nobody"' },
  ]
  const silent: object[] = []
  for (const change of weaker) {
    const after = await documentOf(textOf([{ ...rule, ...change }]))
    if (widens(before, after).length === 0) silent.push(change)
  }
  expect(silent).toEqual([])
})
