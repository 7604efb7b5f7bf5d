import { judge, speak } from './decide.ts'
import type { Effect } from './document.ts'
import { factsOf } from './facts.ts'
import type { Decision, Question, SpokenRule } from './question.ts'
import type { CompiledRule } from './rules.ts'

/** What a call of a subject would be at this moment. */
export interface Outlook {
  /**
   * `no`: denied whatever the arguments, or absent from lists. `yes`: allowed whatever the arguments. `depends`: on them, or
   * on the URI of a template.
   */
  now: 'yes' | 'no' | 'depends'
  /** Where it is `no`, the decision of the call; where the list leaves it out, that of the list. */
  decision: Decision
  /** A list shows it, so another time, network or sign-in can allow it. */
  canPass: boolean
  /** A rule about it reads the time, so waiting may open it. */
  isTimed: boolean
  /** Equal for subjects of which the same rules say the same: they open at the same time. */
  key: string
}

/** What the outlook is taken from: the rules about a subject, and those about some URIs of a template only. */
interface OutlookRules {
  rules: readonly CompiledRule[]
  ofSomeUris: readonly CompiledRule[]
  fallback: Effect
}

/**
 * What can be said of a call without its arguments, by the same rules as lists and calls (invariant 11). A rule that reads
 * arguments is looked at both ways: it must allow either way for `yes`, and deny either way for `no`.
 */
export function outlook(
  { rules, ofSomeUris, fallback }: OutlookRules,
  about: Omit<Question, 'phase' | 'args'>,
): Outlook {
  const question: Question = { ...about, phase: 'now', args: null }
  const facts = factsOf(question)
  const listed = judge(rules, { ...question, phase: 'list' }, facts, fallback).decision
  const { decision, spoke } = judge(rules, question, facts, fallback)
  const key = JSON.stringify([fallback, spoke.map(({ id }) => id)])
  const shared = { key, isTimed: rules.some(({ condition }) => condition?.reads.now === true) }
  if (listed.effect !== 'allow') return { now: 'no', decision: listed, canPass: false, ...shared }
  if (decision.effect !== 'allow') return { now: 'no', decision, canPass: true, ...shared }
  const others = ofSomeUris.map((rule) => speak(rule, question, facts))
  const isSafe = fallback === 'allow' || spoke.some((one) => one.counted && one.verdict === 'matched')
  const isCertain = isSafe && ![...spoke, ...others].some(canBlock)
  return { now: isCertain ? 'yes' : 'depends', decision, canPass: true, ...shared }
}

/** Whether a rule denies for some arguments or some URIs. */
const canBlock = ({ mode, effect, verdict }: SpokenRule): boolean =>
  mode === 'enforce' && effect !== 'allow' && ['matched', 'maybe', 'failed'].includes(verdict)
