import type { ASTNode } from '@marcbachmann/cel-js'
import type { ArgumentTypes } from './catalog.ts'
import { children, fieldOf } from './condition-tree.ts'

/** An argument that a condition reads, as its names from the outside: `args.due.day` is due, day. */
export interface ReadPath {
  readonly names: readonly string[]
  /** Whether has() was true for it before, on every way to it. */
  readonly isGuarded: boolean
}

/** Paths that are known to be there, when the node is true and when it is false. */
interface Known {
  readonly ifTrue: ReadonlySet<string>
  readonly ifFalse: ReadonlySet<string>
}

const NOTHING: ReadonlySet<string> = new Set()
const UNKNOWN: Known = { ifTrue: NOTHING, ifFalse: NOTHING }

/** Every argument that a condition reads, but for what has() itself asks. From the left to the right, as it is evaluated. */
export function readPaths(tree: ASTNode): ReadPath[] {
  const walk = new Walk()
  walk.visit(tree, NOTHING)
  return walk.paths
}

class Walk {
  readonly paths: ReadPath[] = []

  visit(node: ASTNode, known: ReadonlySet<string>): Known {
    const path = pathOf(node)
    if (path !== null) this.#read(path, known)
    else if (node.op === '&&') return this.#and(node.args[0], node.args[1], known)
    else if (node.op === '||') return this.#or(node.args[0], node.args[1], known)
    else if (node.op === '!_') return swapped(this.visit(node.args, known))
    else if (node.op === '?:') this.#choose(node.args[0], node.args[1], node.args[2], known)
    else if (node.op === 'call' && node.args[0] === 'has') return this.#has(node.args[1][0], known)
    else for (const child of children(node)) this.visit(child, known)
    return UNKNOWN
  }

  #and(left: ASTNode, right: ASTNode, known: ReadonlySet<string>): Known {
    const first = this.visit(left, known)
    const second = this.visit(right, either(known, first.ifTrue))
    return {
      ifTrue: either(first.ifTrue, second.ifTrue),
      ifFalse: both(first.ifFalse, second.ifFalse),
    }
  }

  #or(left: ASTNode, right: ASTNode, known: ReadonlySet<string>): Known {
    const first = this.visit(left, known)
    const second = this.visit(right, either(known, first.ifFalse))
    return {
      ifTrue: both(first.ifTrue, second.ifTrue),
      ifFalse: either(first.ifFalse, second.ifFalse),
    }
  }

  #choose(asked: ASTNode, yes: ASTNode, no: ASTNode, known: ReadonlySet<string>): void {
    const { ifTrue, ifFalse } = this.visit(asked, known)
    this.visit(yes, either(known, ifTrue))
    this.visit(no, either(known, ifFalse))
  }

  /** Asking for a member reads what the member is in. */
  #has(asked: ASTNode | undefined, known: ReadonlySet<string>): Known {
    const path = asked === undefined ? null : pathOf(asked)
    if (path === null) {
      if (asked !== undefined) this.visit(asked, known)
      return UNKNOWN
    }
    if (path.length > 1) this.#read(path.slice(0, -1), known)
    return { ifTrue: new Set([keyOf(path)]), ifFalse: NOTHING }
  }

  #read(names: readonly string[], known: ReadonlySet<string>): void {
    for (let end = 1; end <= names.length; end++) {
      const part = names.slice(0, end)
      this.paths.push({ names: part, isGuarded: known.has(keyOf(part)) })
    }
  }
}

type Paths = ReadonlySet<string>
const either = (some: Paths, others: Paths): Paths => new Set([...some, ...others])
const both = (some: Paths, others: Paths): Paths => new Set([...some].filter((path) => others.has(path)))
const swapped = ({ ifTrue, ifFalse }: Known): Known => ({ ifTrue: ifFalse, ifFalse: ifTrue })

const keyOf = (names: readonly string[]): string => JSON.stringify(names)

/** null: it does not lead from `args` by names alone. */
function pathOf(node: ASTNode): string[] | null {
  const field = fieldOf(node)
  if (field === null) return null
  if (field.of.op === 'id') return field.of.args === 'args' ? [field.name] : null
  const before = pathOf(field.of)
  return before === null ? null : [...before, field.name]
}

/** Whether a tree names any of the variables of a question, so that its value is not always the same. */
export const readsAnything = (node: ASTNode): boolean =>
  (node.op === 'id' && VARIABLES.has(node.args)) || children(node).some(readsAnything)

const VARIABLES: ReadonlySet<string> = new Set(['args', 'user', 'client', 'request', 'now'])

/** What a schema says of a path: `unknown` where it has no such member, `any` from where it says nothing more. */
export function typeAtPath(
  types: ArgumentTypes,
  names: readonly string[],
): 'there' | 'optional' | 'any' | 'unknown' {
  const [name = '', ...rest] = names
  const found = Object.hasOwn(types, name) ? types[name] : undefined
  if (found === undefined) return 'unknown'
  if (rest.length === 0) return found.isOptional ? 'optional' : 'there'
  return typeof found.type === 'object' && 'map' in found.type ? typeAtPath(found.type.map, rest) : 'any'
}
