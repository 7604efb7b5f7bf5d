import { expect, test } from 'vitest'
import { policyOf, question, rule } from './support.ts'
import type { Subject } from '#policy/question.ts'

// A policy keeps the rules about a subject once it has found them.

const RULES = [
  rule('a-tool', { what: { kind: 'tool', name: { glob: 'rename*' } } }),
  rule('writes', { what: { kind: 'any', writes: true }, effect: 'hide' }),
  rule('other-app', { app: 'notes', what: { kind: 'prompt' } }),
]
const base: Subject = { app: 'todos', kind: 'tool', names: ['renameTodo'], writes: false }
const SUBJECTS: readonly (readonly [Subject, string | null])[] = [
  [base, 'a-tool'],
  [{ ...base, writes: true }, 'writes'],
  [{ app: 'todos', kind: 'tool', names: ['renameTodo'] }, 'writes'],
  [{ ...base, names: ['x', 'renameTodo'] }, 'a-tool'],
  [{ ...base, names: ['x'] }, null],
  [{ ...base, kind: 'prompt' }, null],
  [{ ...base, kind: 'prompt', app: 'notes' }, 'other-app'],
]

test('a decision about a subject does not depend on the subjects before it', async () => {
  const policy = await policyOf(RULES)
  for (const order of [SUBJECTS, SUBJECTS.toReversed(), SUBJECTS])
    for (const [subject, decided] of order)
      expect([subject, policy.decide(question({ subject })).rule]).toEqual([subject, decided])
})

test('nor on how many there were, or how long their names are', async () => {
  const policy = await policyOf(RULES)
  const long = `rename${'x'.repeat(1000)}`
  for (let at = 0; at < 1200; at += 1) {
    const subject = { ...base, names: [`${at % 2 === 0 ? 'rename' : 'list'}${at}`] }
    expect(policy.decide(question({ subject })).rule).toBe(at % 2 === 0 ? 'a-tool' : null)
    expect(policy.decide(question({ subject: { ...base, names: [long] } })).rule).toBe('a-tool')
  }
})
