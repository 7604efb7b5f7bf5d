import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compilePolicy } from '#policy/compile.ts'
import { PolicyDocument } from '#policy/document.ts'
import type { Question } from '#policy/question.ts'
import { widens } from '#policy/widens.ts'
import { MONDAY_MS, question } from './support.ts'

const CASES = Number(process.env['POLICY_CASES'] ?? 10_000)

const NAMES = ['renameTodo', 'listTodos', 'dropTodo']
const CONDITIONS = [
  'args.id == "7"',
  'now.getHours() < 12',
  '"staff" in user.groups',
  'user.acr == "policy-1"',
  'client.kind == "document"',
  'user.claims.team == ["a"]',
]
const pattern = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.constantFrom({ glob: '*Todo' }, { glob: '**' }, { regex: '.*Todos?' }),
)
const someRule = fc.record(
  {
    app: fc.constantFrom('todos', 'server', { glob: '*' }),
    kind: fc.constantFrom('tool', 'prompt', 'resource', 'any', 'server'),
    name: fc.oneof(pattern, fc.array(pattern, { minLength: 1, maxLength: 2 })),
    writes: fc.boolean(),
    who: fc.subarray([{ user: 'ada' }, { group: 'staff' }, { claim: 'department', is: 'sales' }], {
      minLength: 1,
    }),
    if: fc.constantFrom(...CONDITIONS),
    effect: fc.constantFrom('hide', 'deny', 'approve', 'allow'),
    mode: fc.constantFrom('enforce', 'enforce', 'shadow'),
  },
  { requiredKeys: ['kind', 'effect', 'mode'] },
)
type SomeRule = typeof someRule extends fc.Arbitrary<infer R> ? R : never

const documentOf = (rules: readonly SomeRule[], fallback: string): PolicyDocument =>
  PolicyDocument.parse({
    version: 1,
    default: fallback,
    rules: rules.map(({ kind, name, writes, ...rest }, at) => ({
      id: `rule-${at}`,
      what: {
        kind,
        ...(name === undefined ? {} : { name }),
        ...(writes === undefined ? {} : { writes }),
      },
      says: 'A rule.',
      ...rest,
    })),
  })

const MEMBERS = ['app', 'kind', 'name', 'writes', 'who', 'if', 'effect', 'mode'] as const
const changes = fc.record({
  at: fc.nat(2),
  over: someRule,
  how: fc.constantFrom('change', 'change', 'drop', 'add'),
  members: fc.subarray([...MEMBERS], { minLength: 1, maxLength: 2 }),
})

/** The rule with some members of another one; what the other one does not have is left out. */
function changedRule(known: SomeRule, over: SomeRule, members: readonly string[]): SomeRule {
  const kept = Object.entries(known).filter(([name]) => !members.includes(name))
  const taken = Object.entries(over).filter(([name]) => members.includes(name))
  return {
    kind: known.kind,
    effect: known.effect,
    mode: known.mode,
    ...Object.fromEntries([...kept, ...taken]),
  }
}

/** Most random pairs widen, so the second document is the first with a few rules changed, dropped or added. */
const pairs = fc
  .record({
    rules: fc.array(someRule, { minLength: 1, maxLength: 3 }),
    changed: fc.array(changes, { maxLength: 2 }),
    fallbacks: fc.tuple(fc.constantFrom('allow', 'deny', 'hide'), fc.constantFrom('allow', 'deny', 'hide')),
    keepsDefault: fc.boolean(),
  })
  .map(({ rules, changed, fallbacks: [one, other], keepsDefault }) => {
    const later = [...rules]
    for (const { at, over, how, members } of changed) {
      const known = later[at]
      if (how === 'add' || known === undefined) later.push(over)
      else if (how === 'drop') later.splice(at, 1)
      else later[at] = changedRule(known, over, members)
    }
    return { before: documentOf(rules, one), after: documentOf(later, keepsDefault ? one : other) }
  })

const questions: fc.Arbitrary<Question> = fc
  .record({
    phase: fc.constantFrom('list', 'call'),
    kind: fc.constantFrom('tool', 'tool', 'prompt', 'resource', 'server'),
    app: fc.constantFrom('todos', 'server'),
    names: fc.subarray(NAMES, { minLength: 1, maxLength: 2 }),
    writes: fc.boolean(),
    id: fc.constantFrom('ada', 'grace'),
    groups: fc.subarray(['staff', 'guests']),
    claims: fc.constantFrom({}, { department: ['sales'] }, { department: ['it'], team: ['a'] }),
    acr: fc.constantFrom('policy-1', ''),
    client: fc.constantFrom('document', 'registered'),
    hours: fc.nat(23),
    args: fc.constantFrom({}, { id: '7' }, { id: '8' }),
  })
  .map(({ phase, kind, app, names, writes, id, groups, claims, acr, client, hours, args }) =>
    question({
      phase,
      subject: { app, kind, names, writes },
      user: { id, groups, claims, acr },
      client: { id: 'client', domain: '', kind: client },
      nowMs: MONDAY_MS + hours * 3_600_000,
      args: phase === 'list' ? null : args,
    }),
  )

test(`a change that widens nothing allows nothing that was denied (${CASES} pairs)`, async () => {
  let quiet = 0
  await fc.assert(
    fc.asyncProperty(pairs, fc.array(questions, { minLength: 12, maxLength: 24 }), async (pair, asked) => {
      if (widens(pair.before, pair.after).length > 0) return
      quiet++
      const [before, after] = await Promise.all([compilePolicy(pair.before), compilePolicy(pair.after)])
      if (!before.ok || !after.ok) throw new Error('the documents of this test compile')
      const isAllowed = ({ value }: typeof before, one: Question) => value.decide(one).effect === 'allow'
      expect(asked.filter((one) => isAllowed(after, one) && !isAllowed(before, one))).toEqual([])
    }),
    { numRuns: CASES },
  )
  // Otherwise the property would say little.
  expect(quiet).toBeGreaterThan(CASES / 10)
}, 600_000)
