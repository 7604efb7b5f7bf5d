import { matchesName } from './pattern.ts'
import type { ScopePattern } from './rule-scope.ts'

/** Whether a pattern can match a URI of a template. `unknown`: an expression that matches none of some usual values. */
export function meetsTemplate(
  { pattern, compiled }: ScopePattern,
  template: string,
): 'yes' | 'no' | 'unknown' {
  if (!compiled.ok) return 'no'
  if (matchesName(compiled.value, template)) return 'yes'
  if (typeof pattern === 'string') return meets(literally(pattern), piecesOf(template)) ? 'yes' : 'no'
  if ('glob' in pattern) return meets(globPieces(pattern.glob), piecesOf(template)) ? 'yes' : 'no'
  const isSampled = samplesOf(template).some((uri) => matchesName(compiled.value, uri))
  return isSampled ? 'yes' : 'unknown'
}

/** RFC 6570 §3.2.2, as resources of products have them. A value has no `/`, `?` or `#`. */
const VARIABLE = /\{[A-Za-z][A-Za-z0-9]*\}/g
const SAMPLES = ['1', '42', '2026', 'a', 'abc', 'A1', 'x-1', '0b6c2f1e-9d5a-4c3b-8e7f-1a2b3c4d5e6f']

/** URIs of a template with usual values: all combinations for up to three variables. */
function samplesOf(template: string): string[] {
  const [first = '', ...rest] = template.split(VARIABLE)
  const count = Math.min(rest.length, 3)
  return Array.from({ length: SAMPLES.length ** count }, (_none, at) =>
    rest.reduce((uri, part, place) => {
      const digit = Math.floor(at / SAMPLES.length ** (place % 3)) % SAMPLES.length
      return `${uri}${SAMPLES[digit]}${part}`
    }, first),
  )
}

/** One character of a name, or a set of them; `many`: any number of them, none included. */
interface Piece {
  fits(character: string): boolean
  /** The character that it is; null: several. */
  readonly is: string | null
  readonly many: boolean
}

const one = (is: string): Piece => ({ fits: (character) => character === is, is, many: false })
const some = (but: string, many: boolean): Piece => ({
  fits: (character) => !but.includes(character),
  is: null,
  many,
})

const literally = (text: string): Piece[] => Array.from(text, one)

const globPieces = (glob: string): Piece[] =>
  [...glob.matchAll(/\*\*|[\s\S]/gu)].map(([part]) => {
    if (part === '**') return some('', true)
    if (part === '*') return some('/', true)
    return part === '?' ? some('/', false) : one(part)
  })

/** A value has at least one character. */
const piecesOf = (template: string): Piece[] =>
  template
    .split(/(\{[A-Za-z][A-Za-z0-9]*\})/)
    .flatMap((part, at) => (at % 2 === 1 ? [some('/?#', false), some('/?#', true)] : literally(part)))

/** Whether a text exists that both are. Each pair of places is looked at once. */
function meets(left: readonly Piece[], right: readonly Piece[]): boolean {
  const seen = new Set<number>()
  const waiting: [number, number][] = [[0, 0]]
  for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
    const [at, other] = pair
    const place = at * (right.length + 1) + other
    if (seen.has(place)) continue
    seen.add(place)
    const [here, there] = [left[at], right[other]]
    if (here === undefined && there === undefined) return true
    if (here?.many) waiting.push([at + 1, other])
    if (there?.many) waiting.push([at, other + 1])
    if (here !== undefined && there !== undefined && share(here, there))
      waiting.push([here.many ? at : at + 1, there.many ? other : other + 1])
  }
  return false
}

/** Two sets share a character always: each leaves out a few at most. */
const share = (here: Piece, there: Piece): boolean =>
  here.is === null ? there.is === null || here.fits(there.is) : there.fits(here.is)
