import type { ConditionReads } from './condition-tree.ts'
import type { Effect, Who } from './document.ts'
import type { ConditionFacts } from './facts.ts'
import type { Decision, Explanation, PolicyUser, Question, SpokenRule } from './question.ts'
import type { CompiledRule } from './rules.ts'

/** From the strongest to the weakest. */
const PRECEDENCE: readonly Effect[] = ['hide', 'deny', 'approve', 'allow']

/** What the rules about a subject say, and the decision that follows. `fallback` is the effect where no rule counts. */
export function judge(
  rules: readonly CompiledRule[],
  question: Question,
  facts: ConditionFacts,
  fallback: Effect,
): Explanation {
  const spoke = rules.map((rule) => speak(rule, question, facts))
  const winner = strongest(rules.filter((_, at) => spoke[at]?.counted))
  const effect = winner?.effect ?? fallback
  const decision: Decision = {
    effect,
    rule: winner?.id ?? null,
    says: winner?.says ?? null,
    wouldDeny: effect === 'allow' ? deniedInShadow(spoke) : [],
  }
  return { decision, spoke }
}

/** What one rule says. It counts if it is enforced and takes part in the decision. */
export function speak(rule: CompiledRule, question: Question, facts: ConditionFacts): SpokenRule {
  const { id, effect, mode } = rule
  const verdict = verdictOf(rule, question, facts)
  return { id, effect, mode, verdict, counted: mode === 'enforce' && isTaken(effect, verdict) }
}

/** An `if` that fails counts as true but in allow, and what is only possible counts in allow alone. */
export const isTaken = (effect: Effect, verdict: SpokenRule['verdict']): boolean =>
  verdict === 'matched' || verdict === (effect === 'allow' ? 'maybe' : 'failed')

function verdictOf(
  { who, condition, effect }: CompiledRule,
  { phase, user }: Question,
  facts: ConditionFacts,
): SpokenRule['verdict'] {
  if (who !== null && !who.some((one) => isMeant(one, user))) return 'other-who'
  if (condition === null) return 'matched'
  if (phase === 'list' && isOpen(effect, condition.reads)) return 'maybe'
  if (phase === 'now' && condition.reads.args.size > 0) return 'maybe'
  const holds = condition.holds(facts)
  return holds === 'failed' ? 'failed' : holds ? 'matched' : 'if-false'
}

/** Whether a list cannot know it: what hides is decided with the list, anything else with what a call will bring. */
const isOpen = (effect: Effect, { args, now, request, acr }: ConditionReads): boolean =>
  args.size > 0 || (effect !== 'hide' && (now || request || acr))

function isMeant(who: Who, { id, groups, claims }: PolicyUser): boolean {
  if ('user' in who) return who.user === id
  if ('group' in who) return groups.includes(who.group)
  return Object.hasOwn(claims, who.claim) && claims[who.claim]?.includes(who.is) === true
}

/** Of several with the same effect, the first by id. */
function strongest(counted: readonly CompiledRule[]): CompiledRule | undefined {
  return counted.toSorted(
    (one, other) =>
      PRECEDENCE.indexOf(one.effect) - PRECEDENCE.indexOf(other.effect) || (one.id < other.id ? -1 : 1),
  )[0]
}

const deniedInShadow = (spoke: readonly SpokenRule[]): string[] =>
  spoke
    .filter(
      ({ mode, effect, verdict }) => mode === 'shadow' && effect !== 'allow' && isTaken(effect, verdict),
    )
    .map(({ id }) => id)
    .toSorted()
