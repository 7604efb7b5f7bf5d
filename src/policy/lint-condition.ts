import type { ASTNode } from '@marcbachmann/cel-js'
import type { ArgumentTypes, PolicyCatalog } from './catalog.ts'
import { Moment } from './clock.ts'
import { type Condition, ConditionCompiler, typeProblem } from './condition.ts'
import { conditionEnvironment, untyped } from './condition-environment.ts'
import { type ReadPath, readPaths, readsAnything, typeAtPath } from './condition-paths.ts'
import type { Rule } from './document.ts'
import { type Finding, type FindingCode, someOf } from './lint-finding.ts'
import { type CatalogSubject, NO_GROUPS, unknownClaim } from './lint-subjects.ts'

/** Finds what is wrong with the conditions of one document. */
export class ConditionLint {
  readonly #catalog: PolicyCatalog
  readonly #compiler = new ConditionCompiler()
  readonly #environment = conditionEnvironment(untyped, () => undefined)

  constructor(catalog: PolicyCatalog) {
    this.#catalog = catalog
  }

  /** `matched`: the subjects that the rule matches. */
  findings(rule: Rule, matched: readonly CatalogSubject[]): Finding[] {
    const source = rule.if
    if (source === undefined) return []
    const finding = (code: FindingCode, message: string): Finding => ({
      level: code === 'always-true' ? 'warning' : 'error',
      rule: rule.id,
      code,
      message: `if: ${message}`,
    })
    const compiled = this.#compiler.compile(source)
    if (!compiled.ok) return compiled.error.map((problem) => finding('bad-condition', problem))
    const condition = compiled.value
    const tree = this.#environment.parse(source).ast
    const readsArguments = condition.reads.args.size > 0
    const phase = readsArguments ? undecidable(rule) : null
    // Without arguments, a condition has the same types for every subject.
    const checked = readsArguments ? matched : matched.slice(0, 1)
    return [
      ...constantFindings(condition, tree, finding),
      ...claimFindings(condition, this.#catalog, finding),
      ...(phase === null
        ? argumentFindings(source, readPaths(tree), checked, finding)
        : [finding('args-in-list', phase)]),
    ]
  }
}

type MakeFinding = (code: FindingCode, message: string) => Finding

/** Why a rule cannot read arguments; null: it can. */
function undecidable({ effect, what }: Rule): string | null {
  if (what.kind === 'server')
    return 'it reads args, and connecting has none: neither the login nor the bearer can be decided by it'
  if (what.kind === 'any')
    return 'it reads args, and tools, prompts and resources have different ones: name one kind, or the list cannot be decided'
  return effect === 'hide'
    ? 'it reads args, which are not known in a list, so hide cannot be decided there: use deny, which decides when it is called'
    : null
}

function constantFindings(condition: Condition, tree: ASTNode, finding: MakeFinding): Finding[] {
  if (readsAnything(tree)) return []
  const nothing = { args: null, user: null, client: null, request: null, now: new Moment(0) }
  const value = condition.holds(nothing)
  if (value === false) return [finding('never-matches', 'it is always false, so the rule can never match')]
  if (value === 'failed') return [finding('never-matches', 'it always fails')]
  return [finding('always-true', 'it is always true: leave it out')]
}

function claimFindings({ reads }: Condition, catalog: PolicyCatalog, finding: MakeFinding): Finding[] {
  const unknown = [...reads.claims].filter((claim) => !catalog.claims.includes(claim))
  return [
    ...(reads.groups && !catalog.hasGroups ? [finding('no-groups', NO_GROUPS)] : []),
    ...unknown.map((claim) => finding('unknown-claim', unknownClaim(claim, catalog.claims))),
  ]
}

/** What a condition reads, against the schema of each subject. Equal findings of several subjects are one. */
function argumentFindings(
  source: string,
  paths: readonly ReadPath[],
  matched: readonly CatalogSubject[],
  finding: MakeFinding,
): Finding[] {
  const problems = new Map<string, { code: FindingCode; problem: string; names: string[] }>()
  for (const { name, args } of matched)
    for (const [code, problem] of problemsOf(source, paths, args)) {
      const key = `${code} ${problem}`
      const known = problems.get(key)
      if (known === undefined) problems.set(key, { code, problem, names: [name] })
      else known.names.push(name)
    }
  return [...problems.values()].map(({ code, problem, names }) =>
    finding(code, `${problem} (${someOf(names)})`),
  )
}

function problemsOf(
  source: string,
  paths: readonly ReadPath[],
  types: ArgumentTypes,
): readonly (readonly [FindingCode, string])[] {
  const found: [FindingCode, string][] = []
  for (const { names, isGuarded } of paths) {
    const type = typeAtPath(types, names)
    const path = `args.${names.join('.')}`
    // What is asked for with has() may be an argument of another tool that the rule matches too.
    if (type === 'unknown' && !isGuarded) found.push(['unknown-argument', `there is no ${path}`])
    if (type === 'optional' && !isGuarded)
      found.push([
        'optional-argument',
        `${path} can be absent, and then the condition fails: write has(${path}) && …`,
      ])
  }
  const isTyped = found.some(([code]) => code === 'unknown-argument')
  const problem = isTyped ? null : typeProblem(source, withGuarded(types, paths))
  if (problem !== null) found.push(['condition-type', problem])
  return found
}

/** A member that is asked for with has() and that the schema does not know has an unknown type. */
function withGuarded(types: ArgumentTypes, paths: readonly ReadPath[]): ArgumentTypes {
  const unknown = paths.filter(({ names }) => typeAtPath(types, names) === 'unknown')
  return unknown.reduce((known, { names }) => withPath(known, names), types)
}

function withPath(types: ArgumentTypes, [name = '', ...rest]: readonly string[]): ArgumentTypes {
  const { type = 'dyn', isOptional = true } = Object.hasOwn(types, name) ? (types[name] ?? {}) : {}
  if (rest.length === 0) return { ...types, [name]: { type, isOptional } }
  const inner = typeof type === 'object' && 'map' in type ? type.map : null
  return inner === null ? types : { ...types, [name]: { type: { map: withPath(inner, rest) }, isOptional } }
}
