import type { Pattern, PolicyDocument, Rule, Who } from '#policy/document.ts'

/** What differs between two documents, one line each, by the ids of rules. Their order never matters. */
export function changesBetween(before: PolicyDocument, after: PolicyDocument): string[] {
  const [known, next] = [byId(before), byId(after)]
  return [
    ...changed('default', before.default, after.default),
    ...changed('claimsMaxAgeSeconds', before.claimsMaxAgeSeconds, after.claimsMaxAgeSeconds),
    ...[...next].flatMap(([id, rule]) => (known.has(id) ? [] : [`+ rule ${id}: ${summaryOf(rule)}`])),
    ...[...known].flatMap(([id, rule]) => (next.has(id) ? [] : [`- rule ${id}: ${summaryOf(rule)}`])),
    ...[...next].flatMap(([id, rule]) => ruleChange(known.get(id), rule)),
  ]
}

const byId = ({ rules }: PolicyDocument) => new Map(rules.map((rule) => [rule.id, rule]))

const changed = (name: string, before: unknown, after: unknown): string[] =>
  before === after ? [] : [`~ ${name}: ${textOf(before)} becomes ${textOf(after)}`]

const textOf = (value: unknown): string =>
  value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value)

function summaryOf({ effect, mode, what, who, if: condition, says }: Rule): string {
  const name = what.name === undefined ? '' : ` ${patternsText(what.name)}`
  const whom = who === undefined ? '' : `, for ${who.map(whoText).join(' or ')}`
  const when = condition === undefined ? '' : `, if ${condition}`
  return `${mode === 'shadow' ? 'shadow ' : ''}${effect} ${what.kind}${name}${whom}${when}: ${says}`
}

type Patterns = NonNullable<Rule['what']['name']>

const patternText = (pattern: Pattern): string => {
  if (typeof pattern === 'string') return pattern
  return 'glob' in pattern ? `glob ${pattern.glob}` : `regex ${pattern.regex}`
}
const patternsText = (given: Patterns): string =>
  Array.isArray(given) ? given.map(patternText).join(' or ') : patternText(given)

const whoText = (one: Who): string => {
  if ('user' in one) return `the user ${one.user}`
  return 'group' in one ? `the group ${one.group}` : `the claim ${one.claim} ${one.is}`
}

const MEMBERS = ['effect', 'mode', 'app', 'what', 'who', 'if', 'says'] as const

function ruleChange(before: Rule | undefined, after: Rule): string[] {
  if (before === undefined) return []
  const members = MEMBERS.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  return members.map(
    (name) => `~ rule ${after.id}: ${name}: ${textOf(before[name])} becomes ${textOf(after[name])}`,
  )
}
