import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Decision, Explanation } from '#policy/question.ts'
import { ANY, ARGUMENTS_FREE, documents, FIXED, QUESTIONS, ruleWith, visits } from './random.ts'
import { policyOf, type RuleInput } from './support.ts'

/*
 * `POLICY_CASES=1000000 npx vitest run --project unit test/unit/policy/properties.test.ts` checks a million cases of each.
 * A case is a question to a random document; a document is asked five.
 */
const CASES = Number(process.env['POLICY_CASES'] ?? 10_000)
const RUNS = { numRuns: Math.ceil(CASES / QUESTIONS) }
const SLOWEST_CASE_MS = 20
const LONG = { timeout: 30_000 + CASES * SLOWEST_CASE_MS }

const isAllowed = ({ effect }: Decision) => effect === 'allow'
const isHiddenByRule = ({ effect, rule }: Decision) => effect === 'hide' && rule !== null
const policyFor = (rules: readonly RuleInput[], rest: string) => policyOf(rules, { default: rest })

test('without conditions on what passes, a list and a call decide the same', LONG, async () => {
  await fc.assert(
    fc.asyncProperty(documents({ hide: FIXED, others: FIXED }), visits, async ({ rules, rest }, asked) => {
      const policy = await policyFor(rules, rest)
      for (const { list, call } of asked) expect(policy.decide(call)).toEqual(policy.decide(list))
    }),
    RUNS,
  )
})

test('what any arguments, time and request can call is visible', LONG, async () => {
  await fc.assert(
    fc.asyncProperty(
      documents({ hide: FIXED, others: ANY.others }),
      visits,
      async ({ rules, rest }, asked) => {
        const policy = await policyFor(rules, rest)
        const invisible = asked.filter(({ list }) => !isAllowed(policy.decide(list)))
        const callable = invisible.flatMap(({ calls }) =>
          calls().filter((call) => isAllowed(policy.decide(call))),
        )
        expect(callable).toEqual([])
      },
    ),
    RUNS,
  )
})

test('what any arguments can call now is visible now, also where time and request hide', LONG, async () => {
  const ifs = { hide: [...FIXED, ...ARGUMENTS_FREE], others: ANY.others }
  await fc.assert(
    fc.asyncProperty(documents(ifs), visits, async ({ rules, rest }, asked) => {
      const policy = await policyFor(rules, rest)
      const invisible = asked.filter(({ list }) => !isAllowed(policy.decide(list)))
      expect(
        invisible.flatMap(({ callsNow }) => callsNow().filter((call) => isAllowed(policy.decide(call)))),
      ).toEqual([])
      // What a rule hides in the list it hides at the call, and the other way round.
      for (const { list, callsNow } of asked)
        for (const call of callsNow())
          expect(isHiddenByRule(policy.decide(call))).toBe(isHiddenByRule(policy.decide(list)))
    }),
    RUNS,
  )
})

test('adding a rule that hides, denies or asks for approval allows nothing', LONG, async () => {
  const stricter = fc.constantFrom('hide', 'deny', 'approve').chain((effect) => ruleWith(ANY, { effect }))
  await fc.assert(
    fc.asyncProperty(documents(ANY), stricter, visits, async ({ rules, rest }, more, visited) => {
      const before = await policyFor(rules, rest)
      const after = await policyFor([{ ...more, id: 'more' }, ...rules], rest)
      const opened = visited.filter(
        ({ asked }) => isAllowed(after.decide(asked)) && !isAllowed(before.decide(asked)),
      )
      expect(opened).toEqual([])
    }),
    RUNS,
  )
})

test('the order of rules never matters', LONG, async () => {
  const ordered = documents(ANY).chain((one) =>
    fc.tuple(fc.constant(one), fc.shuffledSubarray(one.rules, { minLength: one.rules.length })),
  )
  await fc.assert(
    fc.asyncProperty(ordered, visits, async ([{ rules, rest }, shuffled], visited) => {
      const [one, other] = [await policyFor(rules, rest), await policyFor(shuffled, rest)]
      for (const { asked } of visited) {
        expect(other.decide(asked)).toEqual(one.decide(asked))
        expect(new Set(other.explain(asked).spoke)).toEqual(new Set(one.explain(asked).spoke))
      }
    }),
    RUNS,
  )
})

const STRENGTH = ['hide', 'deny', 'approve', 'allow'] as const

/** The decision that follows from what each rule said, read a second time. */
function decisionOf({ spoke, decision }: Explanation): Decision {
  const counted = spoke.filter((rule) => rule.counted)
  const effect = STRENGTH.find((one) => counted.some((rule) => rule.effect === one)) ?? decision.effect
  const [rule = null] = counted
    .filter((one) => one.effect === effect)
    .map(({ id }) => id)
    .toSorted()
  const shadows = spoke.filter(
    ({ mode, effect: would, verdict }) =>
      mode === 'shadow' && would !== 'allow' && (verdict === 'matched' || verdict === 'failed'),
  )
  return {
    effect,
    rule,
    says: rule === null ? null : 'It spoke.',
    wouldDeny: effect === 'allow' ? shadows.map(({ id }) => id).toSorted() : [],
  }
}

test('the explanation agrees with the decision', LONG, async () => {
  await fc.assert(
    fc.asyncProperty(documents(ANY), visits, async ({ rules, rest }, visited) => {
      const policy = await policyFor(rules, rest)
      for (const { asked } of visited) {
        const explanation = policy.explain(asked)
        expect(policy.decide(asked)).toEqual(explanation.decision)
        expect(explanation.decision).toEqual(decisionOf(explanation))
        expect(explanation.spoke.filter(({ mode, counted }) => mode === 'shadow' && counted)).toEqual([])
      }
    }),
    RUNS,
  )
})

test('rules in shadow change nothing', LONG, async () => {
  await fc.assert(
    fc.asyncProperty(documents(ANY), visits, async ({ rules, rest }, visited) => {
      const all = await policyFor(rules, rest)
      const enforced = await policyFor(
        rules.filter((one) => one['mode'] === 'enforce'),
        rest,
      )
      for (const { asked } of visited)
        expect({ ...all.decide(asked), wouldDeny: [] }).toEqual(enforced.decide(asked))
    }),
    RUNS,
  )
})

test('an if that fails never allows', LONG, async () => {
  const failures = fc.constantFrom(
    'user.claims.missing == ["x"]',
    'user.id > 3',
    'user.groups[9] == "x"',
    '1 / 0 == 1',
  )
  const place = fc.nat({ max: 5 })
  await fc.assert(
    fc.asyncProperty(
      documents(ANY),
      place,
      failures,
      visits,
      async ({ rules, rest }, at, failure, visited) => {
        const withIf = (source: (rule: RuleInput) => string) =>
          policyFor(
            rules.map((rule, index) => (index === at ? { ...rule, if: source(rule) } : rule)),
            rest,
          )
        const failed = await withIf(() => failure)
        // In allow it is as a condition that is false, and anywhere else as one that is true.
        const read = await withIf((rule) => (rule['effect'] === 'allow' ? 'false' : 'true'))
        for (const { asked } of visited) expect(failed.decide(asked)).toEqual(read.decide(asked))
      },
    ),
    RUNS,
  )
})
