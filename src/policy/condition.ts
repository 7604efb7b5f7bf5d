import { type Environment, ParseError } from '@marcbachmann/cel-js'
import { err, ok, type Result } from '#lib/result.ts'
import type { ArgumentTypes } from './catalog.ts'
import { conditionEnvironment, typesOf, untyped } from './condition-environment.ts'
import { type ConditionReads, survey } from './condition-tree.ts'
import type { ConditionFacts } from './facts.ts'
import { compileExpression, type Expression } from './pattern.ts'

/*
 * The `if` of a rule: CEL, restricted so that it takes time linear in the arguments (decision 24). What is refused is in
 * condition-tree.ts.
 */

/** A compiled `if`. */
export interface Condition {
  readonly reads: ConditionReads
  /** Times that `now` is compared with, in milliseconds. */
  readonly instantsMs: readonly number[]
  /** Whether, but for those times, `now` matters only by the quarter hour. */
  readonly isCoarse: boolean
  /** `failed`: it cannot be evaluated with these facts, or gives no bool. */
  readonly holds: (facts: ConditionFacts) => boolean | 'failed'
}

/** Compiles the conditions of one document. */
export class ConditionCompiler {
  readonly #expressions = new Map<string, Expression>()
  readonly #environment = conditionEnvironment(untyped, (pattern) => this.#expressions.get(pattern))

  /** The errors are sentences for the author of the policy. */
  compile(source: string): Result<Condition, string[]> {
    const parsed = parse(this.#environment, source)
    if (!parsed.ok) return err([parsed.error])
    const { reads, problems, patterns, instantsMs, isCoarse } = survey(parsed.value.ast)
    if (problems.length > 0) return err([...problems])
    for (const pattern of patterns) {
      const expression = compileExpression(pattern)
      if (!expression.ok) return err([expression.error])
      this.#expressions.set(pattern, expression.value)
    }
    const { valid, type, error } = parsed.value.check()
    if (!valid) return err([error?.summary ?? 'it does not type-check'])
    if (!isBool(type)) return err([notBool(type)])
    const evaluate = parsed.value
    return ok({ reads, instantsMs, isCoarse, holds: (facts) => evaluated(() => evaluate(facts)) })
  }
}

/**
 * Checks a condition, which compiles, against the arguments of one tool; the answer is a sentence for the author of the
 * policy. null: its types fit. Whether an optional argument is there is not checked.
 */
export function typeProblem(source: string, types: ArgumentTypes): string | null {
  const { valid, type, error } = conditionEnvironment(typesOf(types), () => undefined).check(source)
  if (!valid) return error?.summary ?? 'it does not type-check'
  return isBool(type) ? null : notBool(type)
}

const isBool = (type: string | undefined): boolean => type === 'bool' || type === 'dyn'
const notBool = (type: string | undefined): string => `it must be a bool, and is of type ${type}`

function parse(environment: Environment, source: string) {
  try {
    return ok(environment.parse(source))
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return err(
      error.code === 'limit_exceeded'
        ? `it is too large: ${error.summary}`
        : `syntax error: ${error.summary}`,
    )
  }
}

function evaluated(evaluate: () => unknown): boolean | 'failed' {
  try {
    const outcome = evaluate()
    return typeof outcome === 'boolean' ? outcome : 'failed'
  } catch {
    // Whatever it is, the rule then counts in the direction that allows nothing.
    return 'failed'
  }
}
