import { err, ok, type Result } from '#lib/result.ts'
import type { Condition, ConditionCompiler } from './condition.ts'
import type { Effect, PolicyDocument, Rule, Who } from './document.ts'
import { compilePatterns, matchesName, type NamePatterns } from './pattern.ts'
import type { Subject } from './question.ts'

/** A rule whose patterns and condition are compiled. null: it does not restrict that. */
export interface CompiledRule {
  readonly id: string
  readonly effect: Effect
  readonly mode: Rule['mode']
  readonly says: string
  readonly kinds: readonly Subject['kind'][]
  readonly app: NamePatterns | null
  readonly name: NamePatterns | null
  readonly writes: boolean | null
  readonly who: readonly Who[] | null
  readonly condition: Condition | null
  /** Its place in the document. */
  readonly place: number
}

/** Compiles every rule; the errors are sentences that name the rule. */
export function compileRules(
  { rules }: PolicyDocument,
  conditions: ConditionCompiler,
): Result<CompiledRule[], string[]> {
  const compiled: CompiledRule[] = []
  const problems: string[] = []
  const ids = new Set<string>()
  for (const [place, rule] of rules.entries()) {
    if (ids.has(rule.id)) problems.push(`rule ${rule.id}: another rule has the same id`)
    ids.add(rule.id)
    const read = compileRule(rule, place, conditions)
    if (read.ok) compiled.push(read.value)
    else problems.push(...read.error.map((problem) => `rule ${rule.id}: ${problem}`))
  }
  return problems.length === 0 ? ok(compiled) : err(problems)
}

function compileRule(
  rule: Rule,
  place: number,
  conditions: ConditionCompiler,
): Result<CompiledRule, string[]> {
  const app = rule.app === undefined ? ok(null) : compilePatterns(rule.app)
  const name = rule.what.name === undefined ? ok(null) : compilePatterns(rule.what.name)
  const condition = rule.if === undefined ? ok(null) : conditions.compile(rule.if)
  if (!app.ok || !name.ok || !condition.ok)
    return err([
      ...(app.ok ? [] : app.error),
      ...(name.ok ? [] : name.error),
      ...(condition.ok ? [] : condition.error.map((problem) => `if: ${problem}`)),
    ])
  const { id, effect, mode, says, what, who = null } = rule
  return ok({
    id,
    effect,
    mode,
    says,
    kinds: what.kind === 'any' ? ['tool', 'prompt', 'resource'] : [what.kind],
    app: app.value,
    name: name.value,
    writes: what.writes ?? null,
    who,
    condition: condition.value,
    place,
  })
}

interface RulesOfKind {
  /** Rules that have only exact names, by each of them. */
  byName: Map<string, CompiledRule[]>
  others: CompiledRule[]
}

/** Subjects whose rules are kept, and how long the names of one may be: a client chooses the URIs of resources. */
const MOST_KEPT = 500
const MOST_KEPT_CHARACTERS = 200

/** Finds the rules about a subject without looking at those with another exact name. */
export class RuleIndex {
  readonly #kinds: Readonly<Record<Subject['kind'], RulesOfKind>> = {
    server: { byName: new Map(), others: [] },
    tool: { byName: new Map(), others: [] },
    prompt: { byName: new Map(), others: [] },
    resource: { byName: new Map(), others: [] },
  }

  /** What is the same for each question about a subject: matching names costs more than all else of a decision. */
  readonly #kept = new Map<string, readonly CompiledRule[]>()

  constructor(rules: readonly CompiledRule[]) {
    for (const rule of rules)
      for (const kind of rule.kinds) {
        const { byName, others } = this.#kinds[kind]
        if (rule.name === null || rule.name.expressions.length > 0) others.push(rule)
        else for (const name of rule.name.exact) addTo(byName, name, rule)
      }
  }

  /** In the order of the document. */
  about({ app, kind, names, writes = kind === 'tool' }: Subject): readonly CompiledRule[] {
    const key = JSON.stringify([app, kind, writes, ...names])
    const kept = this.#kept.get(key)
    if (kept !== undefined) return kept
    const found = this.#find({ app, kind, names, writes })
    if (key.length > MOST_KEPT_CHARACTERS) return found
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear()
    this.#kept.set(key, found)
    return found
  }

  #find({ app, kind, names, writes }: Required<Subject>): CompiledRule[] {
    const { byName, others } = this.#kinds[kind]
    const found = new Set(names.flatMap((name) => byName.get(name) ?? []))
    for (const rule of others) if (isNamed(rule, names)) found.add(rule)
    return [...found]
      .filter((rule) => rule.app === null || matchesName(rule.app, app))
      .filter((rule) => rule.writes === null || rule.writes === writes)
      .toSorted((one, other) => one.place - other.place)
  }
}

function addTo(byName: Map<string, CompiledRule[]>, name: string, rule: CompiledRule): void {
  const rules = byName.get(name)
  if (rules === undefined) byName.set(name, [rule])
  else rules.push(rule)
}

const isNamed = ({ name }: CompiledRule, names: readonly string[]): boolean =>
  name === null || names.some((each) => matchesName(name, each))
