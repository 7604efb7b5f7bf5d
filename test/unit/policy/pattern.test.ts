import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  compileExpression,
  compilePatterns,
  globExpression,
  matchesName,
  MOST_INSTRUCTIONS,
} from '#policy/pattern.ts'
import type { Pattern } from '#policy/document.ts'
import { problemsOf, rule } from './support.ts'

function matches(patterns: Pattern | Pattern[], name: string): boolean {
  const compiled = compilePatterns(patterns)
  if (!compiled.ok) throw new Error(compiled.error.join('\n'))
  return matchesName(compiled.value, name)
}

test.each([
  ['add*', 'addTodo', true],
  ['add*', 'add', true],
  ['*Todo', 'addTodo', true],
  ['*Todo', 'addTodos', false],
  ['add?odo', 'addTodo', true],
  ['add?odo', 'addodo', false],
  ['todo://*', 'todo://1', true],
  ['todo://*', 'todo://1/notes', false],
  ['todo://**', 'todo://1/notes', true],
  ['todo://**', 'todo://', true],
  ['todo://?', 'todo:///', false],
  ['**', 'any\nname/at all', true],
  ['*', 'line\nbreak', true],
  ['?', '\n', true],
  ['?', '😀', true],
  ['??', '😀', false],
  ['a*b*c', 'a1b2c', true],
  ['***', 'a/b', true],
  ['Add*', 'addTodo', false],
  ['add', 'add', true],
  ['add', 'xaddx', false],
])('glob %j over %j: %s', (glob, name, expected) => {
  expect(matches({ glob }, name)).toBe(expected)
})

test.each([
  ['add(Todo|List)', 'addTodo', true],
  ['add|remove', 'addTodo', false],
  ['add|remove', 'remove', true],
  ['add.*', 'addTodo', true],
  ['.*', 'line\nbreak', false],
  ['(?i)ADD.*', 'addTodo', true],
  ['ADD.*', 'addTodo', false],
  ['(?m)^a$', 'a\nb', false],
  ['a$', 'a\n', false],
])('regex %j over %j: %s', (regex, name, expected) => {
  expect(matches({ regex }, name)).toBe(expected)
})

test('one of several patterns is enough', () => {
  const patterns = ['addTodo', { glob: 'rename*' }, { regex: 'remove.+' }]
  expect(['addTodo', 'renameX', 'removeX'].every((name) => matches(patterns, name))).toBe(true)
  expect(['addtodo', 'xrename', 'remove', ''].some((name) => matches(patterns, name))).toBe(false)
})

test.each(['a(', '[', '(?<=a)b', '\\1', 'a{1001}', '*a', '(?=a)', '\\'])('%j is no expression', (regex) => {
  const compiled = compileExpression(regex)
  expect(compiled).toMatchObject({
    ok: false,
    error: expect.stringContaining(`the expression ${JSON.stringify(regex)} is not in RE2 syntax: `),
  })
})

test('an expression is bounded in size', () => {
  expect(compileExpression(`a{${MOST_INSTRUCTIONS - 2}}`).ok).toBe(true)
  expect(compileExpression(`a{${MOST_INSTRUCTIONS}}`)).toEqual({
    ok: false,
    error: `the expression "a{${MOST_INSTRUCTIONS}}" is too large: use fewer or smaller repetitions`,
  })
})

test('every wrong pattern of a rule is named', async () => {
  const name = [{ regex: 'a(' }, 'fine', { regex: 'b(' }]
  const problems = await problemsOf(rule('one', { app: { regex: 'c(' }, what: { kind: 'tool', name } }))
  expect(problems.map((problem) => problem.slice(0, 29))).toEqual([
    'rule one: the expression "c("',
    'rule one: the expression "a("',
    'rule one: the expression "b("',
  ])
})

/** A second reading of globs, by recursion. */
function isGlobbed(glob: readonly string[], name: readonly string[]): boolean {
  const [part, ...rest] = glob
  if (part === undefined) return name.length === 0
  const [first, ...others] = name
  if (part === '**') return isGlobbed(rest, name) || (first !== undefined && isGlobbed(glob, others))
  if (part === '*')
    return isGlobbed(rest, name) || (first !== undefined && first !== '/' && isGlobbed(glob, others))
  if (first === undefined) return false
  return (part === '?' ? first !== '/' : part === first) && isGlobbed(rest, others)
}

test('a glob matches as a second reading of it does', () => {
  const part = fc.constantFrom(
    '*',
    '**',
    '?',
    'a',
    'b',
    '/',
    '.',
    '\\',
    '[',
    '(',
    '+',
    '^',
    '$',
    '\n',
    '😀',
    '|',
  )
  const text = fc.array(fc.constantFrom('a', 'b', '/', '.', '\\', '[', '(', '\n', '😀', '|'), {
    maxLength: 6,
  })
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), text, (glob, name) => {
      // Two stars in a row are one part, from the left.
      const read = glob.join('').match(/\*\*|[^]/gu) ?? []
      expect(matches({ glob: glob.join('') }, name.join(''))).toBe(isGlobbed(read, name))
    }),
    { numRuns: 3000 },
  )
})

test('a text without stars and question marks is a glob of itself alone', () => {
  const plain = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => !/[*?]/.test(text))
  fc.assert(
    fc.property(plain, plain, (glob, other) => {
      expect(matches({ glob }, glob)).toBe(true)
      expect(matches({ glob }, other)).toBe(other === glob)
    }),
  )
  expect(globExpression('a.b*c')).toBe('a\\.b[^/]*c')
})
