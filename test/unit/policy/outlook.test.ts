import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Decision, Question } from '#policy/question.ts'
import { ANY, ARGUMENTS_FREE, documents, FIXED, QUESTIONS, visits } from './random.ts'
import { MONDAY_MS, policyOf, question, rule, type RuleInput } from './support.ts'

// What a call would be now, before anyone makes it: the same decision as in lists and calls.

// Fewer would not have each answer often enough.
const CASES = Math.max(2000, Number(process.env['POLICY_CASES'] ?? 10_000))
const RUNS = { numRuns: Math.ceil(CASES / QUESTIONS) }
const LONG = { timeout: 30_000 + CASES * 20 }

const isAllowed = ({ effect }: Decision) => effect === 'allow'

test(
  'yes is allowed whatever the arguments, and no is denied whatever they are or absent',
  LONG,
  async () => {
    const seen = { yes: 0, no: 0, depends: 0 }
    const unlisted: (readonly [string, Decision, Decision])[] = []
    await fc.assert(
      fc.asyncProperty(
        documents({ ...ANY, hide: [...FIXED, ...ARGUMENTS_FREE] }),
        visits,
        async ({ rules, rest }, visited) => {
          const policy = await policyOf(rules, { default: rest })
          for (const { list, callsNow } of visited) {
            const { now, decision, canPass } = policy.outlook(list, false)
            const isListed = isAllowed(policy.decide(list))
            const calls = callsNow().map((call) => isAllowed(policy.decide(call)))
            seen[now] += 1
            expect(canPass).toBe(isListed)
            const possible = { yes: [true], no: [false], depends: [true, false] }[now]
            expect(calls.filter((isCallable) => !possible.includes(isCallable))).toEqual([])
            unlisted.push(...(isListed ? [] : [[now, decision, policy.decide(list)] as const]))
          }
        },
      ),
      RUNS,
    )
    for (const [now, decision, listed] of unlisted) expect([now, decision]).toEqual(['no', listed])
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(CASES / 1000)
  },
)

test('where no rule reads arguments nothing depends on them', LONG, async () => {
  const free = [...FIXED, ...ARGUMENTS_FREE]
  await fc.assert(
    fc.asyncProperty(documents({ hide: free, others: free }), visits, async ({ rules, rest }, visited) => {
      const policy = await policyOf(rules, { default: rest })
      for (const { list, callsNow } of visited) {
        const [call] = callsNow()
        if (call === undefined) throw new Error('no call')
        const isUsable = isAllowed(policy.decide(list)) && isAllowed(policy.decide(call))
        expect(policy.outlook(list, false).now).toBe(isUsable ? 'yes' : 'no')
      }
    }),
    RUNS,
  )
})

const outlookOf = async (
  rules: RuleInput[],
  over: RuleInput = {},
  about: Partial<Question> = {},
  is = false,
) => (await policyOf(rules, over)).outlook(question(about), is)

test('what time closes is no now, with the rule that denies, and can pass', async () => {
  const night = rule('night', { if: 'now < timestamp("2026-11-30T10:00:00Z")' })
  expect(await outlookOf([night])).toMatchObject({
    now: 'no',
    decision: { effect: 'deny', rule: 'night' },
    canPass: true,
  })
  expect(await outlookOf([night], {}, { nowMs: MONDAY_MS + 3_600_000 })).toMatchObject({ now: 'yes' })
  const policy = await policyOf([night])
  const opensAtMs = policy.opensAtMs(question({ phase: 'now', args: null }))
  expect(opensAtMs).toBe(Date.parse('2026-11-30T10:00:00Z'))
})

test('what is denied for everyone cannot pass, and what only some arguments are denied depends', async () => {
  expect(await outlookOf([rule('never')])).toMatchObject({ now: 'no', canPass: false })
  expect(await outlookOf([rule('some', { if: 'args.n > 1' })])).toMatchObject({ now: 'depends' })
  const opened = rule('some', { effect: 'allow', if: 'args.n > 1' })
  expect(await outlookOf([opened], { default: 'deny' })).toMatchObject({ now: 'depends' })
  expect(await outlookOf([opened])).toMatchObject({ now: 'yes' })
  expect(await outlookOf([rule('some', { if: 'args.n > 1', mode: 'shadow' })])).toMatchObject({ now: 'yes' })
})

test.each([
  ['todo://items/5', 'depends'],
  [{ glob: 'todo://items/*' }, 'depends'],
  [{ regex: 'todo://items/[0-9]+' }, 'depends'],
  ['todo://items', 'yes'],
  [{ glob: 'todo://lists/*' }, 'yes'],
])('a template of which %j is denied: %s', async (name, now) => {
  const subject = { app: 'todos', kind: 'resource' as const, names: ['todo://items/{id}'] }
  const denied = rule('some', { what: { kind: 'resource', name } })
  // A glob that matches the template itself denies all of it.
  const isWhole = typeof name === 'object' && 'glob' in name && name.glob === 'todo://items/*'
  expect(await outlookOf([denied], {}, { subject }, true)).toMatchObject({ now: isWhole ? 'no' : now })
})
