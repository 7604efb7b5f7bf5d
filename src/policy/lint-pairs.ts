import type { Effect, PolicyDocument } from './document.ts'
import type { Finding } from './lint-finding.ts'
import type { CatalogSubject, RuleReach } from './lint-subjects.ts'
import { coversScope, coversWho, isDisjoint } from './rule-scope.ts'

/** Overlaps are listed up to this number. */
export const MOST_OVERLAPS = 20

/** A rule with the subjects that it is, or may be, about. */
interface Reach extends RuleReach {
  readonly subjects: ReadonlySet<CatalogSubject>
  /** Whether a name of the catalog may stand for many URIs, or it is not known what the rule matches. */
  readonly isOpen: boolean
}

const withSubjects = (reach: RuleReach): Reach => {
  const subjects = reach.answers.flatMap(({ subject, answer }) => (answer === 'no' ? [] : subject))
  return { ...reach, subjects: new Set(subjects), isOpen: subjects.some(({ isTemplate }) => isTemplate) }
}

/** What two rules do to each other: one that never decides, and those where a stronger one wins. */
export function pairFindings(document: PolicyDocument, rules: readonly RuleReach[]): Finding[] {
  const reaches = rules.map(withSubjects)
  const covered = new Set<Reach>()
  const findings = reaches.flatMap((reach, at): Finding[] => {
    if (reach.subjects.size === 0) return []
    const by = reaches.find(
      (other, place) => other !== reach && covers(other, reach) && (place < at || !covers(reach, other)),
    )
    if (by === undefined) return []
    covered.add(reach)
    return [{ level: 'error', rule: reach.rule.id, code: 'covered', message: coveredBy(by, reach) }]
  })
  return [...findings, ...overlaps(document, reaches, covered)]
}

/** Whether a rule always decides where the other one could: it has no condition, and its effect is not weaker. */
function covers(wide: Reach, narrow: Reach): boolean {
  const { rule } = wide
  if (rule.if !== undefined || rank(rule.effect) > rank(narrow.rule.effect)) return false
  if (rule.mode === 'shadow' && narrow.rule.mode === 'enforce') return false
  if (coversScope(wide, narrow)) return true
  const isWithin = [...narrow.subjects].every((subject) => wide.subjects.has(subject))
  return !narrow.isOpen && isWithin && coversWho(rule, narrow.rule)
}

const coveredBy = ({ rule: { id, effect } }: Reach, { rule }: Reach): string =>
  effect === rule.effect
    ? `it never matters: rule ${id} decides the same wherever it matches`
    : `it never matters: rule ${id} (${effect}) is stronger wherever it matches`

function overlaps(
  document: PolicyDocument,
  reaches: readonly Reach[],
  covered: ReadonlySet<Reach>,
): Finding[] {
  const meant = reaches.filter((reach) => {
    const { effect, mode, what } = reach.rule
    const isIdle = effect === 'allow' && document.default === 'allow' && what.kind !== 'server'
    return mode === 'enforce' && !covered.has(reach) && !isIdle
  })
  const findings: Finding[] = []
  let count = 0
  for (const [at, one] of meant.entries())
    for (const other of meant.slice(at + 1)) {
      if (one.rule.effect === other.rule.effect || isDisjoint(one.rule, other.rule)) continue
      if (![...one.subjects].some((subject) => other.subjects.has(subject))) continue
      count++
      if (count <= MOST_OVERLAPS) findings.push(overlapOf(one, other))
    }
  const last = findings.at(-1)
  if (last !== undefined && count > MOST_OVERLAPS)
    findings.push({ ...last, message: `and ${count - MOST_OVERLAPS} more pairs of rules overlap` })
  return findings
}

function overlapOf({ rule: one }: Reach, { rule: other }: Reach): Finding {
  const [winner, loser] = rank(one.effect) < rank(other.effect) ? [one, other] : [other, one]
  return {
    level: 'warning',
    rule: loser.id,
    code: 'overlap',
    message: `where rule ${winner.id} matches too, its ${winner.effect} wins over this ${loser.effect}`,
  }
}

const RANKS: readonly Effect[] = ['hide', 'deny', 'approve', 'allow']
const rank = (effect: Effect): number => RANKS.indexOf(effect)
