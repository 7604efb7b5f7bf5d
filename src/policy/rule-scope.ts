import { canonicalJson } from '#lib/hash.ts'
import type { Result } from '#lib/result.ts'
import { type NamePatterns, compilePatterns, matchesName } from './pattern.ts'
import type { Pattern, Rule, Who } from './document.ts'
import type { Subject } from './question.ts'

/** What a rule is about and whom it means, without its condition: to compare one rule with another. */
export interface RuleScope {
  readonly rule: Rule
  readonly kinds: readonly Subject['kind'][]
  /** null: all. */
  readonly app: readonly ScopePattern[] | null
  readonly name: readonly ScopePattern[] | null
}

/** One pattern, compiled once. */
export interface ScopePattern {
  readonly pattern: Pattern
  readonly compiled: Result<NamePatterns, string[]>
  /** Equal for equal patterns. */
  readonly key: string
}

export const scopeOf = (rule: Rule): RuleScope => ({
  rule,
  kinds: rule.what.kind === 'any' ? ['tool', 'prompt', 'resource'] : [rule.what.kind],
  app: rule.app === undefined ? null : patternsOf(rule.app),
  name: rule.what.name === undefined ? null : patternsOf(rule.what.name),
})

const patternsOf = (given: Pattern | Pattern[]): ScopePattern[] =>
  (Array.isArray(given) ? given : [given]).map((pattern) => ({
    pattern,
    compiled: compilePatterns(pattern),
    key: canonicalJson(pattern),
  }))

/** Whether a name is meant by one of the patterns. One that cannot be compiled means nothing. */
export const isMeant = (patterns: readonly ScopePattern[] | null, name: string): boolean =>
  patterns === null || patterns.some(({ compiled }) => compiled.ok && matchesName(compiled.value, name))

/**
 * Whether one rule is about all subjects and users of another. Sound, and by comparing texts: `false` may also mean that it
 * is not obvious.
 */
export const coversScope = (wide: RuleScope, narrow: RuleScope): boolean =>
  coversWho(wide.rule, narrow.rule) && coversSubjects(wide, narrow)

const coversSubjects = (wide: RuleScope, narrow: RuleScope): boolean =>
  narrow.kinds.every((kind) => wide.kinds.includes(kind)) &&
  (wide.rule.what.writes === undefined || wide.rule.what.writes === narrow.rule.what.writes) &&
  coversPatterns(wide.app, narrow.app) &&
  coversPatterns(wide.name, narrow.name)

function coversPatterns(
  wide: readonly ScopePattern[] | null,
  narrow: readonly ScopePattern[] | null,
): boolean {
  if (wide === null) return true
  if (narrow === null) return false
  const keys = new Set(wide.map(({ key }) => key))
  const isCompared = wide.length * narrow.length <= MOST_COMPARISONS
  return narrow.every(
    ({ pattern, key }) =>
      keys.has(key) || (isCompared && typeof pattern === 'string' && isMeant(wide, pattern)),
  )
}

/** Longer lists of patterns are compared only letter by letter. */
const MOST_COMPARISONS = 100

/** Whether a rule means everyone whom another means. */
export function coversWho(wide: Pick<Rule, 'who'>, narrow: Pick<Rule, 'who'>): boolean {
  const { who } = wide
  if (who === undefined) return true
  return narrow.who !== undefined && narrow.who.every((one) => who.some((other) => isSame(other, one)))
}

/** Whether no user can be meant by both: only if both name users, and no user twice. */
export function isDisjoint({ who: some }: Rule, { who: others }: Rule): boolean {
  if (some === undefined || others === undefined) return false
  const names = usersOf(some)
  const otherNames = usersOf(others)
  if (names.length < some.length || otherNames.length < others.length) return false
  return !names.some((name) => otherNames.includes(name))
}

const usersOf = (who: readonly Who[]): string[] => who.flatMap((one) => ('user' in one ? one.user : []))

const isSame = (one: Who, other: Who): boolean => canonicalJson(one) === canonicalJson(other)
