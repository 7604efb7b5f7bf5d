import { RE2JS, RE2JSException } from 're2js'
import { err, ok, type Result } from '#lib/result.ts'
import type { Pattern } from './document.ts'

/** An expression in RE2 syntax, compiled. It takes linear time in the text. */
export interface Expression {
  matchesWhole(text: string): boolean
  isIn(text: string): boolean
}

/** Instructions of a compiled expression: time is at most their number times the length of the text. */
export const MOST_INSTRUCTIONS = 500

/** Compiles an expression; the error is a sentence for the author of the policy. */
export function compileExpression(source: string): Result<Expression, string> {
  try {
    const compiled = RE2JS.compile(source)
    if (compiled.programSize() > MOST_INSTRUCTIONS)
      return err(`the expression ${quoted(source)} is too large: use fewer or smaller repetitions`)
    return ok({ matchesWhole: (text) => compiled.testExact(text), isIn: (text) => compiled.test(text) })
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    return err(`the expression ${quoted(source)} is not in RE2 syntax: ${error.message}`)
  }
}

/** A glob in RE2 syntax. Everything but `*`, `**` and `?` stands for itself. */
export const globExpression = (glob: string): string =>
  glob.replaceAll(/\*\*|\*|\?|[^*?]+/g, (part) => GLOB.get(part) ?? RE2JS.quote(part))

// A class matches a line break, which `.` does not.
const GLOB = new Map([
  ['**', '(?s:.*)'],
  ['*', '[^/]*'],
  ['?', '[^/]'],
])

/** One or more patterns, compiled: exact names for an index, and expressions over the whole name. */
export interface NamePatterns {
  readonly exact: ReadonlySet<string>
  readonly expressions: readonly Expression[]
}

/** Compiles patterns; the errors are sentences for the author of the policy. */
export function compilePatterns(patterns: Pattern | readonly Pattern[]): Result<NamePatterns, string[]> {
  const exact = new Set<string>()
  const expressions: Expression[] = []
  const problems: string[] = []
  for (const pattern of isList(patterns) ? patterns : [patterns]) {
    if (typeof pattern === 'string') {
      exact.add(pattern)
      continue
    }
    const compiled = compileExpression('glob' in pattern ? globExpression(pattern.glob) : pattern.regex)
    if (compiled.ok) expressions.push(compiled.value)
    else problems.push(compiled.error)
  }
  return problems.length === 0 ? ok({ exact, expressions }) : err(problems)
}

/** Whether a name, as a whole and with its case, matches any of the patterns. */
export const matchesName = ({ exact, expressions }: NamePatterns, name: string): boolean =>
  exact.has(name) || expressions.some((expression) => expression.matchesWhole(name))

const isList = (patterns: Pattern | readonly Pattern[]): patterns is readonly Pattern[] =>
  Array.isArray(patterns)

const quoted = (text: string): string => JSON.stringify(text)
