import { z } from 'zod'
import { err, ok, type Result } from '#lib/result.ts'
import type { ArgumentTypes, CelType } from './catalog.ts'
import type { CelValue } from './question.ts'

/*
 * What a policy knows of arguments. Integers are BigInt where the schema says that they are integers. A number of unknown
 * type is a double, as numbers of JSON are in CEL: it compares with integers, and arithmetic with them fails.
 */

type Schema = z.core.$ZodType

/** How deep a schema is followed; one that names itself is `dyn` from there. */
const MOST_LEVELS = 8

/** The types of what a schema gives, by name. Optional: it can be absent after parsing. */
export const argumentTypes = (schema: z.ZodObject): ArgumentTypes => membersOf(schema, 0)

const membersOf = (schema: z.core.$ZodObject, level: number): ArgumentTypes =>
  Object.fromEntries(
    Object.entries<Schema>(schema._zod.def.shape).map(([name, member]) => [
      name,
      { type: typeOf(member, level + 1), isOptional: member._zod.optout === 'optional' },
    ]),
  )

function typeOf(schema: Schema, level: number): CelType {
  if (level > MOST_LEVELS) return 'dyn'
  if (schema instanceof z.core.$ZodObject) return { map: membersOf(schema, level) }
  if (schema instanceof z.core.$ZodArray) return { list: typeOf(schema._zod.def.element, level + 1) }
  if (schema instanceof z.core.$ZodTuple) return { list: shared(itemsOf(schema), level + 1) }
  if (schema instanceof z.core.$ZodUnion) return shared(schema._zod.def.options, level)
  if (schema instanceof z.core.$ZodPipe) return typeOf(schema._zod.def.out, level)
  if (schema instanceof z.core.$ZodLazy) return typeOf(schema._zod.innerType, level + 1)
  if (isTransparent(schema)) return typeOf(schema._zod.def.innerType, level)
  return scalarOf(schema)
}

function scalarOf(schema: Schema): CelType {
  // A date is read in its JSON form.
  if (
    schema instanceof z.core.$ZodString ||
    schema instanceof z.core.$ZodTemplateLiteral ||
    schema instanceof z.core.$ZodDate
  )
    return 'string'
  if (schema instanceof z.ZodNumber) return schema.format?.includes('int') === true ? 'int' : 'double'
  if (schema instanceof z.core.$ZodBigInt) return 'int'
  if (schema instanceof z.core.$ZodBoolean) return 'bool'
  if (schema instanceof z.core.$ZodLiteral) return typeOfValues(schema._zod.def.values)
  if (schema instanceof z.core.$ZodEnum) return typeOfValues(Object.values(schema._zod.def.entries))
  return 'dyn'
}

/** A wrapper that adds no value of another type. One that adds null is `dyn`. */
const isTransparent = (schema: Schema) =>
  schema instanceof z.core.$ZodOptional ||
  schema instanceof z.core.$ZodNonOptional ||
  schema instanceof z.core.$ZodDefault ||
  schema instanceof z.core.$ZodPrefault ||
  schema instanceof z.core.$ZodCatch ||
  schema instanceof z.core.$ZodReadonly

const itemsOf = (schema: z.core.$ZodTuple): readonly Schema[] => {
  const { items, rest } = schema._zod.def
  return rest === null ? items : [...items, rest]
}

/** The type that all have; `dyn` if they differ. */
function shared(schemas: readonly Schema[], level: number): CelType {
  const [first = 'dyn', ...others] = schemas.map((schema) => typeOf(schema, level))
  return others.every((other) => JSON.stringify(other) === JSON.stringify(first)) ? first : 'dyn'
}

function typeOfValues(values: readonly unknown[]): CelType {
  if (values.every((value) => typeof value === 'string')) return 'string'
  if (values.every((value) => typeof value === 'boolean')) return 'bool'
  if (values.every((value) => typeof value === 'bigint' || Number.isSafeInteger(value))) return 'int'
  return values.every((value) => typeof value === 'number') ? 'double' : 'dyn'
}

/** In bytes of UTF-8, as JSON without escapes. */
export const MOST_ARGUMENT_BYTES = 128 * 1024

/** Lists and objects inside one another. */
const MOST_DEPTH = 64

/** Why arguments cannot be judged: more than 128 KiB, deeper than 64, or with a value that has no form in JSON. */
export type ArgumentFailure = 'too_large' | 'too_deep' | 'unreadable'

/** Parsed arguments as CEL reads them. What is undefined is absent. */
export function celArguments(
  types: ArgumentTypes,
  input: Readonly<Record<string, unknown>>,
): Result<Record<string, CelValue>, ArgumentFailure> {
  const reader = new ArgumentReader()
  try {
    return ok(reader.read(types, input))
  } catch (error) {
    if (error instanceof UnfitArguments) return err(error.failure)
    throw error
  }
}

class UnfitArguments extends Error {
  readonly failure: ArgumentFailure
  constructor(failure: ArgumentFailure) {
    super(failure)
    this.failure = failure
  }
}

class ArgumentReader {
  #bytesLeft = MOST_ARGUMENT_BYTES

  read(types: ArgumentTypes, input: Readonly<Record<string, unknown>>): Record<string, CelValue> {
    this.#spend(2)
    return this.#members(types, input, 0)
  }

  #members(types: ArgumentTypes | null, members: object, depth: number): Record<string, CelValue> {
    const read: [string, CelValue][] = []
    for (const [name, member] of Object.entries<unknown>({ ...members })) {
      if (member === undefined) continue
      // A colon, and a comma before all but the first.
      this.#spend(textBytes(name) + (read.length === 0 ? 1 : 2))
      const type = types !== null && Object.hasOwn(types, name) ? types[name]?.type : undefined
      read.push([name, this.#value(type ?? 'dyn', member, depth + 1)])
    }
    return Object.fromEntries(read)
  }

  #value(type: CelType, value: unknown, depth: number): CelValue {
    switch (typeof value) {
      case 'string':
        this.#spend(textBytes(value))
        return value
      case 'number':
        this.#spend(String(value).length)
        return type === 'int' && Number.isSafeInteger(value) ? BigInt(value) : value
      case 'bigint':
        this.#spend(String(value).length)
        return value
      case 'boolean':
        this.#spend(4)
        return value
      case 'object':
        return value === null ? this.#null() : this.#container(type, value, depth)
      case 'undefined':
      case 'function':
      case 'symbol':
        throw new UnfitArguments('unreadable')
    }
  }

  #null(): null {
    this.#spend(4)
    return null
  }

  #container(type: CelType, value: object, depth: number): CelValue {
    if (depth > MOST_DEPTH) throw new UnfitArguments('too_deep')
    this.#spend(2)
    if (Array.isArray(value)) {
      const itemType = typeof type === 'object' && 'list' in type ? type.list : 'dyn'
      return value.map((item: unknown, at) => {
        this.#spend(at === 0 ? 0 : 1)
        return this.#value(itemType, item ?? null, depth + 1)
      })
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null)
      return this.#members(typeof type === 'object' && 'map' in type ? type.map : null, value, depth)
    if (!('toJSON' in value) || typeof value.toJSON !== 'function') throw new UnfitArguments('unreadable')
    const json: unknown = value.toJSON()
    return this.#value(type, json ?? null, depth + 1)
  }

  #spend(bytes: number): void {
    this.#bytesLeft -= bytes
    if (this.#bytesLeft < 0) throw new UnfitArguments('too_large')
  }
}

const encoder = new TextEncoder()
/** With its quotes. */
const textBytes = (text: string): number => encoder.encode(text).length + 2
