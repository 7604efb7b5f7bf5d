import { Moment } from './clock.ts'
import type { CelValue, Question } from './question.ts'

/** The variables of a condition. The record is what the CEL library reads. */
export interface ConditionFacts extends Record<string, unknown> {
  readonly args: unknown
  readonly user: unknown
  readonly client: unknown
  readonly request: unknown
  readonly now: Moment
}

/**
 * How deep lists and objects in an argument are read. The library keeps each type that it has seen, so the number of types
 * that a caller can make must be small. An `if` that reads deeper fails.
 */
export const MOST_LEVELS = 5

/** Nothing in CEL can be done with it. */
const UNREADABLE = Symbol('deeper than a condition can read')

/** The variables for a question. Each is made when it is first read. */
export const factsOf = (question: Question): ConditionFacts => new Facts(question)

/** The same variables at another time. */
export const factsAt = (facts: ConditionFacts, nowMs: number): ConditionFacts => ({
  get args() {
    return facts.args
  },
  get user() {
    return facts.user
  },
  get client() {
    return facts.client
  },
  get request() {
    return facts.request
  },
  now: new Moment(nowMs),
})

class Facts implements ConditionFacts {
  readonly [name: string]: unknown
  readonly #question: Question
  #args: unknown
  #user: unknown
  #client: unknown
  #request: unknown
  #now: Moment | undefined

  constructor(question: Question) {
    this.#question = question
  }

  get args(): unknown {
    return (this.#args ??= inCel(this.#question.args ?? {}, 0))
  }

  get user(): unknown {
    const { id, groups, claims, acr } = this.#question.user
    return (this.#user ??= mapOf({ id, groups, acr, claims: mapOf(claims) }))
  }

  get client(): unknown {
    return (this.#client ??= mapOf(this.#question.client))
  }

  get request(): unknown {
    const { network, transport, authAgeSeconds } = this.#question.request
    return (this.#request ??= mapOf({ network, transport, authAgeSeconds: wholeNumber(authAgeSeconds) }))
  }

  get now(): Moment {
    return (this.#now ??= new Moment(this.#question.nowMs))
  }
}

// A Map has no members that a caller could take for its own, such as `constructor`.
const mapOf = (members: object): Map<string, unknown> => new Map(Object.entries(members))

const wholeNumber = (value: number): number | bigint => (Number.isSafeInteger(value) ? BigInt(value) : value)

function inCel(value: CelValue, level: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (level > MOST_LEVELS) return UNREADABLE
  if (isList(value)) return value.map((item) => inCel(item, level + 1))
  return new Map(Object.entries(value).map(([name, member]) => [name, inCel(member, level + 1)]))
}

const isList = (value: object): value is readonly CelValue[] => Array.isArray(value)
