import { z } from 'zod'
import type { ArgumentClass, ClassifiedArguments } from '#events/call-facts.ts'
import { holdsToken } from '#lib/redacted.ts'

/*
 * How the audit log keeps each argument of a tool, prompt or template (decision 26). The class is declared at the field
 * of the schema, in a registry of our own: clients never see it.
 */

const declared = z.registry<{ keptAs: ArgumentClass }>()

type Schema = z.core.$ZodType

/**
 * Declares how the audit log keeps a field. `plain`: readable by operators, for ids, numbers and flags. `personal`:
 * encrypted under the user's own key; the default. `hash`: only an HMAC, which shows that two are equal. `secret`: never
 * kept. The class covers everything inside the field.
 */
export function keptAs<S extends z.ZodType>(argumentClass: ArgumentClass, schema: S): S {
  const known = declared.get(schema)?.keptAs
  if (known !== undefined && known !== argumentClass)
    throw new Error(`a schema is declared as ${known} and as ${argumentClass}: write it twice`)
  declared.add(schema, { keptAs: argumentClass })
  return schema
}

/** The higher one wins where a field has several. */
const STRICTNESS: Readonly<Record<ArgumentClass, number>> = { plain: 0, personal: 1, hash: 2, secret: 3 }

/** The schemas that a schema is made of: of a wrapper the wrapped one, of an object its members. */
function partsOf(schema: Schema): Schema[] {
  // A recursive schema names itself only when it is used.
  if (schema instanceof z.core.$ZodLazy) return [schema._zod.innerType]
  return Object.entries<unknown>({ ...schema._zod.def }).flatMap(([name, part]) => {
    // Checks change no class.
    if (name === 'checks') return []
    return isSchema(part) ? [part] : isObject(part) ? Object.values<unknown>(part).filter(isSchema) : []
  })
}

const isObject = (part: unknown): part is Record<string, unknown> => typeof part === 'object' && part !== null
const isSchema = (part: unknown): part is Schema => part instanceof z.core.$ZodType

const isWrapper = (schema: Schema): boolean =>
  'innerType' in schema._zod.def || schema instanceof z.core.$ZodPipe || schema instanceof z.core.$ZodLazy

/** The class of a field itself, also through `optional`, `default`, `refine` and the like. */
function declaredClass(schema: Schema, seen: ReadonlySet<Schema> = new Set()): ArgumentClass | undefined {
  const own = declared.get(schema)?.keptAs
  if (own !== undefined || !isWrapper(schema) || seen.has(schema)) return own
  const wrapped = partsOf(schema).map((part) => declaredClass(part, new Set([...seen, schema])))
  return strictest(wrapped.filter((one) => one !== undefined))
}

const strictest = (classes: readonly ArgumentClass[]): ArgumentClass | undefined =>
  classes.toSorted((one, other) => STRICTNESS[other] - STRICTNESS[one])[0]

function classesInside(schema: Schema, seen: Set<Schema>): ArgumentClass[] {
  if (seen.has(schema)) return []
  seen.add(schema)
  const own = declared.get(schema)?.keptAs
  return [
    ...(own === undefined ? [] : [own]),
    ...partsOf(schema).flatMap((part) => classesInside(part, seen)),
  ]
}

/** Nothing inside a field is kept more openly than it was declared. */
const classOf = (schema: Schema): ArgumentClass =>
  strictest([declaredClass(schema) ?? 'personal', ...classesInside(schema, new Set())]) ?? 'personal'

/** The fields that declare no class, by name. */
export const undeclaredIn = ({ shape }: z.ZodObject): string[] =>
  Object.entries(shape).flatMap(([name, schema]) => (declaredClass(schema) === undefined ? [name] : []))

const known = new WeakMap<z.ZodObject, ReadonlyMap<string, ArgumentClass>>()

function classesOf(input: z.ZodObject): ReadonlyMap<string, ArgumentClass> {
  const classes =
    known.get(input) ?? new Map(Object.entries(input.shape).map(([name, schema]) => [name, classOf(schema)]))
  known.set(input, classes)
  return classes
}

/** The most characters of one field, as JSON. */
const MOST_CHARACTERS = 2_000
/** The most bytes of all fields together, as JSON. */
const MOST_BYTES = 8_192

/**
 * The arguments of a call by class, for the audit log, as the tool gets them. Of longer ones only the names are kept.
 * Secret ones never leave this function.
 */
export function classify(
  { input: schema }: { input: z.ZodObject },
  input: Readonly<Record<string, unknown>>,
): ClassifiedArguments {
  const classes = classesOf(schema)
  const kept: Record<'plain' | 'personal' | 'hash', [name: string, value: unknown][]> = {
    plain: [],
    personal: [],
    hash: [],
  }
  const cut: string[] = []
  let bytes = 0
  for (const [name, value] of Object.entries(input)) {
    const givenClass = classes.get(name) ?? 'personal'
    if (value === undefined || givenClass === 'secret') continue
    const json = jsonOf(value)
    // A client may put anything into a plain field. No token is kept in clear (invariant 1).
    const argumentClass =
      givenClass === 'plain' && json !== null && holdsToken(json) ? 'personal' : givenClass
    const size = json === null ? Infinity : byteLength(`${JSON.stringify(name)}:${json},`)
    if (json !== null && json.length <= MOST_CHARACTERS && bytes + size <= MOST_BYTES) {
      bytes += size
      kept[argumentClass].push([name, isObject(value) ? JSON.parse(json) : value])
      // A name that the schema does not have is the client's own text.
    } else if (classes.has(name)) cut.push(name)
  }
  const { plain, personal, hash } = kept
  return {
    ...(plain.length === 0 ? {} : { plain: Object.fromEntries(plain) }),
    ...(personal.length === 0 ? {} : { personal: Object.fromEntries(personal) }),
    ...(hash.length === 0 ? {} : { hash: Object.fromEntries(hash) }),
    ...(cut.length === 0 ? {} : { cut }),
  }
}

const encoder = new TextEncoder()
const byteLength = (text: string): number => encoder.encode(text).byteLength

/** null: a transform has made a value that is not JSON. */
function jsonOf(value: unknown): string | null {
  try {
    return JSON.stringify(value) ?? null
  } catch {
    return null
  }
}
