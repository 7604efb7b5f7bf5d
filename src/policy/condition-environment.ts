import { Environment, type ObjectSchema } from '@marcbachmann/cel-js'
import { Duration } from '@marcbachmann/cel-js/evaluator'
import type { ArgumentTypes, CelType } from './catalog.ts'
import { CLOCK_FIELDS, Moment, wallClock } from './clock.ts'
import type { Expression } from './pattern.ts'

/** Nodes of a syntax tree, and how deep it is. */
export const MOST_NODES = 200
const MOST_DEPTH = 50

const TIMESTAMP = 'google.protobuf.Timestamp'
const DURATION = 'google.protobuf.Duration'
const SYNC = { async: false }

/** The types of the variables but `now`. */
export type ConditionVariables = Readonly<
  Record<'args' | 'user' | 'client' | 'request', ObjectSchema | 'map'>
>

/** For conditions of rules about subjects whose arguments differ: types are those of the values. */
export const untyped: ConditionVariables = { args: 'map', user: 'map', client: 'map', request: 'map' }

/** For the arguments of one tool. */
export const typesOf = (types: ArgumentTypes): ConditionVariables => ({
  args: schemaOf(types),
  user: { id: 'string', groups: 'list<string>', claims: 'map<string, list<string>>', acr: 'string' },
  client: { id: 'string', domain: 'string', kind: 'string' },
  request: { network: 'string', authAgeSeconds: 'int', transport: 'string' },
})

const schemaOf = (types: ArgumentTypes): ObjectSchema =>
  Object.fromEntries(
    Object.entries(types).map(([name, { type }]) => [
      name,
      typeof type === 'object' && 'map' in type ? schemaOf(type.map) : nameOf(type),
    ]),
  )

function nameOf(type: CelType): string {
  if (typeof type === 'string') return type
  return 'list' in type ? `list<${nameOf(type.list)}>` : 'dyn'
}

let common: Environment | null = null

/** The language of conditions. `expressionOf` finds what a pattern of `re` was compiled to. */
export function conditionEnvironment(
  variables: ConditionVariables,
  expressionOf: (pattern: string) => Expression | undefined,
): Environment {
  common ??= withClock(new Environment({ limits: { maxAstNodes: MOST_NODES, maxDepth: MOST_DEPTH } }))
  const environment = common.clone()
  for (const [name, type] of Object.entries(variables))
    environment.registerVariable(name, typeof type === 'string' ? { type } : { schema: type })
  return environment.registerFunction(
    're(string, string): bool',
    (text: string, pattern: string): boolean => {
      const expression = expressionOf(pattern)
      if (expression === undefined) throw new Error('a pattern that was not compiled')
      return expression.isIn(text)
    },
    SYNC,
  )
}

/** Adds `now`, what can be asked of it, and how it compares with timestamps. */
function withClock(environment: Environment): Environment {
  environment.registerType('Moment', { ctor: Moment, fields: {} }).registerVariable('now', 'Moment')
  const comparisons: [string, (left: number, right: number) => boolean][] = [
    ['<', (left, right) => left < right],
    ['<=', (left, right) => left <= right],
    ['>', (left, right) => left > right],
    ['>=', (left, right) => left >= right],
  ]
  for (const [operator, compare] of comparisons) {
    environment
      .registerOperator(`Moment ${operator} ${TIMESTAMP}: bool`, (now: Moment, at: Date) =>
        compare(now.ms, at.getTime()),
      )
      .registerOperator(`${TIMESTAMP} ${operator} Moment: bool`, (at: Date, now: Moment) =>
        compare(at.getTime(), now.ms),
      )
  }
  environment
    .registerOperator(`Moment == ${TIMESTAMP}: bool`, (now: Moment, at: Date) => now.ms === at.getTime())
    .registerOperator(`Moment - ${TIMESTAMP}: ${DURATION}`, (now: Moment, at: Date) =>
      between(at.getTime(), now.ms),
    )
    .registerOperator(`${TIMESTAMP} - Moment: ${DURATION}`, (at: Date, now: Moment) =>
      between(now.ms, at.getTime()),
    )
    .registerOperator(`Moment + ${DURATION}: ${TIMESTAMP}`, (now: Moment, by: Duration) =>
      by.extendTimestamp(new Date(now.ms)),
    )
    .registerOperator(`Moment - ${DURATION}: ${TIMESTAMP}`, (now: Moment, by: Duration) =>
      by.subtractTimestamp(new Date(now.ms)),
    )
  for (const [field, read] of CLOCK_FIELDS) {
    environment
      .registerFunction(`Moment.${field}(): int`, (now: Moment) => BigInt(read(new Date(now.ms))), SYNC)
      .registerFunction(
        `Moment.${field}(string): int`,
        (now: Moment, zone: string) => BigInt(read(wallClock(now.ms, zone))),
        SYNC,
      )
  }
  return environment
}

const between = (fromMs: number, toMs: number): Duration => Duration.fromMilliseconds(toMs - fromMs)
