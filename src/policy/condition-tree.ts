import type { ASTNode } from '@marcbachmann/cel-js'
import { CLOCK_FIELDS, COARSE_FIELDS, isTimeZone } from './clock.ts'

/** What a condition depends on. */
export interface ConditionReads {
  /** Arguments, by name. */
  args: ReadonlySet<string>
  now: boolean
  request: boolean
  acr: boolean
  groups: boolean
  /** Claims, by name. */
  claims: ReadonlySet<string>
  client: boolean
}

/** What a walk of the syntax tree finds. */
export interface ConditionSurvey {
  reads: ConditionReads
  /** Sentences for the author of the policy; empty: the condition can be used. */
  problems: readonly string[]
  /** The patterns of `re`. */
  patterns: ReadonlySet<string>
  /** Times that `now` is compared with, in milliseconds. */
  instantsMs: readonly number[]
  /** Whether, but for those times, `now` matters only by the quarter hour. */
  isCoarse: boolean
}

/** The variables of a condition, and the fields of those that are no arguments. */
const VARIABLES: ReadonlyMap<string, readonly string[] | null> = new Map([
  ['args', null],
  ['user', ['id', 'groups', 'claims', 'acr']],
  ['client', ['id', 'domain', 'kind']],
  ['request', ['network', 'authAgeSeconds', 'transport']],
  ['now', []],
])

const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])
/** Each takes at most linear time in what it is given, and what it gives is no longer than that. */
const FUNCTIONS: ReadonlySet<string> = new Set(['size', 'string', 'int', 'double', 'bool'])
const METHODS: ReadonlySet<string> = new Set([
  'size',
  'startsWith',
  'endsWith',
  'lowerAscii',
  'upperAscii',
  'trim',
  'substring',
])
const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>='])
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/

/** The variable of the macro around a node, and whether the macro walks arguments. */
interface Loop {
  variable: string | null
  isOverArguments: boolean
}

/** Reads a syntax tree: what it depends on, and what in it is refused. */
export function survey(tree: ASTNode): ConditionSurvey {
  const walk = new Walk()
  walk.visit(tree, null)
  return walk
}

class Walk implements ConditionSurvey {
  readonly reads = {
    args: new Set<string>(),
    now: false,
    request: false,
    acr: false,
    groups: false,
    claims: new Set<string>(),
    client: false,
  }
  readonly problems: string[] = []
  readonly patterns = new Set<string>()
  readonly instantsMs: number[] = []
  isCoarse = true

  visit(node: ASTNode, loop: Loop | null): void {
    if (node.op === 'id') this.#variable(node.args, loop)
    else if (node.op === '.' || node.op === '[]') this.#field(node, loop)
    else if (node.op === 'call') this.#function(node.args[0], node.args[1], loop)
    else if (node.op === 'rcall') this.#method(node.args[0], node.args[1], node.args[2], loop)
    else if (node.op === 'in') this.#membership(node.args[0], node.args[1], loop)
    else this.#operands(node, loop)
  }

  #variable(name: string, loop: Loop | null): void {
    if (name === loop?.variable) return
    if (!VARIABLES.has(name))
      return this.#refuse(`unknown variable ${name}: there are args, user, client, request and now`)
    this.#refuse(
      name === 'now'
        ? 'now can be compared, subtracted, and asked for a part of its time, such as now.getHours("Europe/Berlin")'
        : `${name} must be followed by a name, as in ${name}.${VARIABLES.get(name)?.[0] ?? 'title'}`,
    )
  }

  #field(node: ASTNode, loop: Loop | null): void {
    const claim = fieldOf(node)
    const whole = claim && fieldOf(claim.of)
    if (whole && isVariable(whole.of, 'user', loop) && whole.name === 'claims') {
      this.reads.claims.add(claim.name)
      return
    }
    const field = fieldOf(node)
    if (field?.of.op === 'id' && VARIABLES.has(field.of.args) && field.of.args !== loop?.variable)
      return this.#read(field.of.args, field.name, loop)
    this.#operands(node, loop)
  }

  #read(variable: string, field: string, loop: Loop | null): void {
    const fields = VARIABLES.get(variable)
    if (fields && !fields.includes(field))
      return this.#refuse(
        `${variable} has no field ${field}` + (fields.length === 0 ? '' : `: there are ${fields.join(', ')}`),
      )
    if (variable === 'args') {
      this.reads.args.add(field)
      if (loop?.isOverArguments)
        this.#refuse(
          `args.${field} cannot be read inside a macro over arguments: its time would not be linear`,
        )
    } else if (variable === 'client') this.reads.client = true
    else if (variable === 'request') this.reads.request = true
    else if (field === 'groups') this.reads.groups = true
    else if (field === 'acr') this.reads.acr = true
    else if (field === 'claims')
      this.#refuse('user.claims must be followed by the name of a claim, as in user.claims.department')
  }

  #function(name: string, given: ASTNode[], loop: Loop | null): void {
    const [first, second] = given
    const text = literal(first)
    if (name === 're' && given.length === 2) {
      const pattern = literal(second)
      if (pattern === null) this.#refuse('the pattern of re(text, pattern) must be a literal text')
      else this.patterns.add(pattern)
      if (first) this.visit(first, loop)
      return
    }
    if (name === 'timestamp' && text !== null) {
      if (RFC_3339.test(text) && !Number.isNaN(Date.parse(text))) this.instantsMs.push(Date.parse(text))
      else this.#refuse(`timestamp("${text}") is not a time with its zone, such as 2026-12-01T08:00:00Z`)
      return
    }
    if (name === 'duration' && text === null)
      return this.#refuse('the text of duration() must be a literal, such as duration("90m")')
    if (!FUNCTIONS.has(name) && !['has', 'timestamp', 'duration'].includes(name))
      return this.#refuse(`the function ${name}() is not available: ${AVAILABLE}`)
    for (const argument of given) this.visit(argument, loop)
  }

  #method(name: string, receiver: ASTNode, given: ASTNode[], loop: Loop | null): void {
    if (MACROS.has(name)) return this.#macro(name, receiver, given, loop)
    if (CLOCK_FIELDS.has(name)) return this.#clock(name, receiver, given, loop)
    if (name === 'matches')
      return this.#refuse('matches() is refused: use re(text, pattern), which takes linear time')
    if (name === 'contains') {
      if (given.some((part) => isFromArguments(part, loop)))
        this.#refuse(
          'the text that contains() looks for cannot come from arguments: its time would not be linear',
        )
    } else if (!METHODS.has(name)) return this.#refuse(`the method ${name}() is not available: ${AVAILABLE}`)
    for (const part of [receiver, ...given]) this.visit(part, loop)
  }

  #macro(name: string, receiver: ASTNode, given: ASTNode[], loop: Loop | null): void {
    if (loop !== null) return this.#refuse(`a macro inside a macro is refused: ${name}()`)
    const [variable, ...body] = given
    if (variable?.op !== 'id') return this.#refuse(`${name}() starts with the name of its variable`)
    if (VARIABLES.has(variable.args))
      return this.#refuse(`the variable of ${name}() cannot be named ${variable.args}`)
    this.visit(receiver, { variable: null, isOverArguments: false })
    const isOverArguments = isFromArguments(receiver, null)
    for (const part of body) this.visit(part, { variable: variable.args, isOverArguments })
  }

  #clock(name: string, receiver: ASTNode, given: ASTNode[], loop: Loop | null): void {
    if (!isVariable(receiver, 'now', loop)) {
      if (given.length > 0) this.#refuse(`${name}() takes a time zone only of now`)
      if (name === 'getDayOfYear') this.#refuse('getDayOfYear() can be asked only of now')
      return this.visit(receiver, loop)
    }
    this.reads.now = true
    if (!COARSE_FIELDS.has(name)) this.isCoarse = false
    for (const zone of given) {
      const text = literal(zone)
      if (text === null) this.#refuse(`the time zone of ${name}() must be a literal text`)
      else if (!isTimeZone(text)) this.#refuse(`unknown time zone "${text}"`)
    }
  }

  #membership(one: ASTNode, many: ASTNode, loop: Loop | null): void {
    const name = literal(one)
    const field = fieldOf(many)
    if (name !== null && field?.name === 'claims' && isVariable(field.of, 'user', loop)) {
      this.reads.claims.add(name)
      return
    }
    if (isFromArguments(one, loop) && isFromArguments(many, loop))
      this.#refuse('both sides of `in` cannot come from arguments: its time would not be linear')
    this.visit(one, loop)
    this.visit(many, loop)
  }

  #operands(node: ASTNode, loop: Loop | null): void {
    const operands = children(node)
    const isTime = COMPARISONS.has(node.op) || node.op === '-' || node.op === '+'
    for (const operand of operands) {
      if (!isTime || !isVariable(operand, 'now', loop)) {
        this.visit(operand, loop)
        continue
      }
      this.reads.now = true
      const isFixed = COMPARISONS.has(node.op) && operands.some(isFixedTime)
      if (!isFixed) this.isCoarse = false
    }
  }

  #refuse(problem: string): void {
    if (!this.problems.includes(problem)) this.problems.push(problem)
  }
}

const AVAILABLE =
  'there are has, size, string, int, double, bool, timestamp, duration, re, contains, startsWith, endsWith, ' +
  'lowerAscii, upperAscii, trim, substring, the parts of a time, and all, exists, exists_one, map and filter'

const isFixedTime = (node: ASTNode): boolean =>
  node.op === 'call' && node.args[0] === 'timestamp' && literal(node.args[1][0]) !== null

const isVariable = (node: ASTNode, name: string, loop: Loop | null): boolean =>
  node.op === 'id' && node.args === name && name !== loop?.variable

/** `of.name` or `of["name"]`. */
export function fieldOf(node: ASTNode): { of: ASTNode; name: string } | null {
  if (node.op === '.') return { of: node.args[0], name: node.args[1] }
  if (node.op !== '[]') return null
  const name = literal(node.args[1])
  return name === null ? null : { of: node.args[0], name }
}

/** The text of a literal; null: another node. */
const literal = (node: ASTNode | undefined): string | null =>
  node?.op === 'value' && typeof node.args === 'string' ? node.args : null

const isFromArguments = (node: ASTNode, loop: Loop | null): boolean =>
  (node.op === 'id' && (node.args === loop?.variable ? loop.isOverArguments : node.args === 'args')) ||
  children(node).some((child) => isFromArguments(child, loop))

export function children(node: ASTNode): ASTNode[] {
  if (node.op === 'value' || node.op === 'id') return []
  if (node.op === '.' || node.op === '.?') return [node.args[0]]
  if (node.op === 'call') return node.args[1]
  if (node.op === 'rcall') return [node.args[1], ...node.args[2]]
  if (node.op === 'map') return node.args.flat()
  if (node.op === '!_' || node.op === '-_') return [node.args]
  return node.args
}
