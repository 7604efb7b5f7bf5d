import fc from 'fast-check'
import type { Question } from '#policy/question.ts'
import { question, type RuleInput } from './support.ts'

/* Random documents, and questions that differ in what their rules read. */

/** Each is true for some of the questions below; the last of each kind fails for some. */
export const FIXED = [
  'user.id == "u1"',
  '"g1" in user.groups',
  'client.kind == "document"',
  '"v1" in user.claims.c1',
]
export const PASSING = [
  'now.getHours("Europe/Berlin") >= 9',
  'request.transport == "session"',
  'user.acr == "strong"',
  'args.n > 1',
  'has(args.n) && args.n == 1',
  'args.s.contains("a") || "g1" in user.groups',
  're(args.s, "^a+$")',
]
export const ARGUMENTS_FREE = PASSING.slice(0, 3)

const name = fc.constantFrom('a', 'b', { glob: '*' }, { regex: 'a|c' }, { glob: 'b?' })
const who = fc.constantFrom(
  { user: 'u1' },
  { group: 'g1' },
  { group: 'g2' },
  { claim: 'c1', is: 'v1' },
  { claim: 'c2', is: 'v1' },
)

export interface Ifs {
  hide: readonly string[]
  others: readonly string[]
}

export function ruleWith(ifs: Ifs, over: RuleInput = {}): fc.Arbitrary<RuleInput> {
  const draft = fc.record(
    {
      app: fc.constantFrom('p1', { glob: 'p*' }),
      kind: fc.constantFrom('server', 'tool', 'prompt', 'resource', 'any'),
      name,
      who: fc.array(who, { minLength: 1, maxLength: 2 }),
      effect: fc.constantFrom('hide', 'deny', 'approve', 'allow', 'allow'),
      mode: fc.constantFrom('enforce', 'enforce', 'shadow'),
      hide: fc.constantFrom(...ifs.hide),
      others: fc.constantFrom(...ifs.others),
      isConditional: fc.boolean(),
    },
    { requiredKeys: ['kind', 'effect', 'mode', 'hide', 'others', 'isConditional'] },
  )
  return draft.map(({ kind, name: named, hide, others, isConditional, ...rest }) => {
    const rule: RuleInput = { ...rest, ...over }
    const source = rule['effect'] === 'hide' ? hide : others
    return {
      ...rule,
      what: named === undefined ? { kind } : { kind, name: named },
      ...(isConditional ? { if: source } : {}),
      says: 'It spoke.',
    }
  })
}

const withIds = (rules: RuleInput[]) => rules.map((rule, at): RuleInput => ({ ...rule, id: `r${at}` }))
const rulesWith = (ifs: Ifs) => fc.array(ruleWith(ifs), { maxLength: 6 }).map(withIds)

/** The rules of a document, and its default. */
export const documents = (ifs: Ifs) =>
  fc.record({ rules: rulesWith(ifs), rest: fc.constantFrom('allow', 'deny', 'hide') })

export const ANY: Ifs = { hide: [...FIXED, ...PASSING], others: [...FIXED, ...PASSING] }

const TIMES = ['2026-11-30T07:00:00Z', '2026-11-30T08:30:00Z', '2026-11-30T22:00:00Z'].map((time) =>
  Date.parse(time),
)
const ARGS = [{}, { n: 1n }, { n: 2n, s: 'aa' }, { n: 'x', s: 'b' }, { n: 2.5, s: 'b' }, { s: 3 }]
const TRANSPORTS = ['stateless', 'session', 'login'] as const
const ACRS = ['', 'strong']

const fixedPart = fc.record({
  subject: fc.record({
    app: fc.constantFrom('p1', 'p2', 'server'),
    kind: fc.constantFrom('server', 'tool', 'prompt', 'resource'),
    names: fc.subarray(['a', 'b', 'b1', 'c'], { minLength: 1, maxLength: 2 }),
  }),
  id: fc.constantFrom('u1', 'u2'),
  groups: fc.subarray(['g1', 'g2']),
  claims: fc.constantFrom({}, { c1: ['v1'] }, { c1: ['v2', 'v1'], c2: ['v1'] }, { c1: ['v2'] }),
  kind: fc.constantFrom('document', 'registered'),
})
type Fixed = typeof fixedPart extends fc.Arbitrary<infer T> ? T : never

const passingPart = fc.record({
  args: fc.constantFrom(...ARGS),
  nowMs: fc.constantFrom(...TIMES),
  transport: fc.constantFrom(...TRANSPORTS),
  acr: fc.constantFrom(...ACRS),
})
type Passing = typeof passingPart extends fc.Arbitrary<infer T> ? T : never

function ask(fixed: Fixed, passing: Passing, phase: Question['phase']): Question {
  const { subject, id, groups, claims, kind } = fixed
  const { args, nowMs, transport, acr } = passing
  return question({
    phase,
    subject,
    user: { id, groups, claims: { ...claims }, acr },
    client: { ...question().client, kind },
    request: { ...question().request, transport },
    nowMs,
    args: phase === 'list' ? null : args,
  })
}

/** Questions for one document, which is compiled once for all of them. */
export const QUESTIONS = 5

/** A list and a call of the same subject by the same user at different times. `calls` are all that differ only in what passes. */
export interface Visit {
  list: Question
  call: Question
  /** One of the two. */
  asked: Question
  calls: () => Question[]
  /** The calls that differ from the list only in arguments. */
  callsNow: () => Question[]
}

const visit = fc
  .record({ fixed: fixedPart, atList: passingPart, atCall: passingPart, isList: fc.boolean() })
  .map(({ fixed, atList, atCall, isList }): Visit => {
    const list = ask(fixed, atList, 'list')
    const call = ask(fixed, atCall, 'call')
    return {
      list,
      call,
      asked: isList ? list : call,
      calls: () => passing().map((one) => ask(fixed, one, 'call')),
      callsNow: () => ARGS.map((args) => ask(fixed, { ...atList, args }, 'call')),
    }
  })
export const visits = fc.array(visit, { minLength: QUESTIONS, maxLength: QUESTIONS })

const passing = (): Passing[] =>
  ARGS.flatMap((args) =>
    TIMES.flatMap((nowMs) =>
      TRANSPORTS.flatMap((transport) => ACRS.map((acr) => ({ args, nowMs, transport, acr }))),
    ),
  )
