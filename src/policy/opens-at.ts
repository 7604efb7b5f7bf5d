import { MINUTE_MS, QUARTER_MS } from './clock.ts'
import { speak } from './decide.ts'
import type { Effect } from './document.ts'
import { type ConditionFacts, factsAt } from './facts.ts'
import type { Question } from './question.ts'
import type { CompiledRule } from './rules.ts'

/** How far ahead it is looked. */
export const HORIZON_MS = 8 * 24 * 60 * MINUTE_MS

/** Evaluations for one answer; one that reads arguments counts as many. */
const MOST_EVALUATIONS = 20_000
const EVALUATION_WITH_ARGUMENTS = 20

/**
 * When the same question is allowed, if all but the time stays: now, or at a whole minute of the next eight days. null: not
 * by waiting, or not found within a bounded number of evaluations.
 */
export function opensAtMs(
  rules: readonly CompiledRule[],
  question: Question,
  facts: ConditionFacts,
  fallback: Effect,
): number | null {
  const counts = (rule: CompiledRule, at: ConditionFacts) => speak(rule, question, at).counted
  const timed = rules.filter(({ condition }) => condition?.reads.now)
  const fixed = rules.filter((rule) => !timed.includes(rule) && counts(rule, facts))
  if (fixed.some(({ effect }) => effect !== 'allow')) return null
  const isOpen = fixed.length > 0 || fallback === 'allow'

  const openers = timed.filter(({ effect }) => effect === 'allow')
  const blockers = timed.filter(({ effect }) => effect !== 'allow')
  if (!isOpen && openers.length === 0) return null
  let left = MOST_EVALUATIONS
  for (const ms of times(timed, question.nowMs)) {
    const at = factsAt(facts, ms)
    const isCounted = (rule: CompiledRule) => {
      left -= rule.condition?.reads.args.size ? EVALUATION_WITH_ARGUMENTS : 1
      return counts(rule, at)
    }
    const blocker = blockers.findIndex(isCounted)
    if (blocker === -1 && (isOpen || openers.some(isCounted))) return ms
    if (left < 0) return null
    // What blocks now most likely blocks at the next time too.
    if (blocker > 0) blockers.unshift(...blockers.splice(blocker, 1))
  }
  return null
}

/** Now, and each time at which what the rules say can change. */
function times(timed: readonly CompiledRule[], nowMs: number): number[] {
  const conditions = timed.flatMap(({ condition }) => condition ?? [])
  const stepMs = conditions.every(({ isCoarse }) => isCoarse) ? QUARTER_MS : MINUTE_MS
  const found = new Set([nowMs])
  for (let ms = (Math.floor(nowMs / stepMs) + 1) * stepMs; ms <= nowMs + HORIZON_MS; ms += stepMs)
    found.add(ms)
  for (const instantMs of conditions.flatMap((condition) => condition.instantsMs)) {
    const minute = Math.ceil(instantMs / MINUTE_MS) * MINUTE_MS
    // At that minute a comparison that includes the time changes, and one that excludes it a minute later.
    for (const ms of [minute, minute + MINUTE_MS]) if (ms > nowMs && ms <= nowMs + HORIZON_MS) found.add(ms)
  }
  return [...found].toSorted((one, other) => one - other)
}
