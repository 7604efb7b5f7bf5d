import { z } from 'zod'
import { sha256Hex } from '#lib/hash.ts'
import { STEP_UPS_PER_GRANT } from '../bounds.ts'

/**
 * A request for more scopes, kept under its grant. Only a hash of its id opens it; the id itself is kept encrypted, so
 * that a client which asks again gets the same link and creates nothing. A row stays until its time is over, whatever
 * became of it: a "no" is not asked again at once, and an approval that is told twice is known.
 */
const StepUpRow = z.object({
  grant: z.string(),
  /** What the grant lacks. */
  scopes: z.array(z.string()),
  encryptedId: z.string(),
  /** The tools that were refused so far: their names, each once. */
  tools: z.array(z.string()).default([]),
  askedFrom: z.array(z.object({ network: z.string(), atSeconds: z.number().int() })).default([]),
  endsAtSeconds: z.number().int(),
  /** `narrowed`: nothing to ask; the row only records that the client was informed. */
  state: z.enum(['open', 'denied', 'used', 'narrowed']),
  /** Thumbprint of PingOne's token that came with the approval. */
  approvedWith: z.string().nullable(),
})
export type StepUpRow = z.infer<typeof StepUpRow>

export const STEP_UP_SECONDS = 600
/** The callers of one request. */
const MOST_TOOLS = 50
const MOST_NETWORKS = 5

const PREFIX = 'step-up:'

export type KeyedRow = readonly [key: string, row: StepUpRow]

export const keyOf = async (id: string): Promise<string> => PREFIX + (await sha256Hex(id))

/** The rows of one user's requests. Synchronous, like all rules of a User. */
export class StepUpTable {
  readonly #kv: DurableObjectStorage['kv']
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#now = nowSeconds
  }

  /** One more of its grant; for too many, the oldest goes, and before all others one that nobody decides. */
  open(key: string, given: Pick<StepUpRow, 'grant' | 'scopes' | 'encryptedId' | 'state'>): StepUpRow {
    const mine = this.#all().filter(([, { grant }]) => grant === given.grant)
    const rank = ({ state }: StepUpRow) => (state === 'narrowed' ? 0 : 1)
    const oldestFirst = mine.toSorted(
      ([, a], [, b]) => rank(a) - rank(b) || a.endsAtSeconds - b.endsAtSeconds,
    )
    for (const [old] of oldestFirst.slice(0, Math.max(0, mine.length + 1 - STEP_UPS_PER_GRANT)))
      this.delete(old)
    const endsAtSeconds = this.#now() + STEP_UP_SECONDS
    const row: StepUpRow = { ...given, tools: [], askedFrom: [], endsAtSeconds, approvedWith: null }
    this.write(key, row)
    return row
  }

  /** One more call was refused for it: the request as it is now, and whether the same tool was refused before. */
  noteCall(
    key: string,
    { tool, network }: { tool: string; network: string },
  ): { row: StepUpRow; isAskedAgain: boolean } | null {
    const row = this.read(key)
    if (row === null) return null
    const isAskedAgain = row.tools.includes(tool)
    const atSeconds = this.#now()
    const isKnown = row.askedFrom.some((caller) => caller.network === network)
    const askedFrom = isKnown
      ? row.askedFrom.map((caller) => (caller.network === network ? { network, atSeconds } : caller))
      : [...row.askedFrom, { network, atSeconds }].slice(0, MOST_NETWORKS)
    const tools = isAskedAgain ? row.tools : [...row.tools, tool].slice(-MOST_TOOLS)
    this.write(key, { ...row, tools, askedFrom })
    return { row, isAskedAgain }
  }

  /** What was asked of this grant before, and not long ago. */
  find(grant: string, scopes: readonly string[], isNarrowed: boolean): KeyedRow | null {
    const isSame = (row: StepUpRow) =>
      row.grant === grant &&
      !this.isOver(row) &&
      (row.state === 'narrowed') === isNarrowed &&
      row.scopes.join(' ') === scopes.join(' ')
    return this.#all().find(([, row]) => isSame(row)) ?? null
  }

  read(key: string): StepUpRow | null {
    const stored = this.#kv.get(key)
    return stored === undefined ? null : StepUpRow.parse(stored)
  }

  /** Nobody has answered it, and there is time left to. */
  readOpen(key: string): StepUpRow | null {
    const row = this.read(key)
    return row?.state === 'open' && !this.isOver(row) ? row : null
  }

  write(key: string, row: StepUpRow): void {
    this.#kv.put(key, row)
  }

  delete(key: string): void {
    this.#kv.delete(key)
  }

  isOver({ endsAtSeconds }: StepUpRow): boolean {
    return endsAtSeconds <= this.#now()
  }

  /** The grant ended. */
  dropAllOf(grant: string): void {
    for (const [key, row] of this.#all()) if (row.grant === grant) this.delete(key)
  }

  sweep(): void {
    for (const [key, row] of this.#all()) if (this.isOver(row)) this.delete(key)
  }

  nextSeconds(): number | null {
    const ends = this.#all().map(([, { endsAtSeconds }]) => endsAtSeconds)
    return ends.length === 0 ? null : Math.min(...ends)
  }

  #all(): KeyedRow[] {
    return Array.from(this.#kv.list({ prefix: PREFIX }), ([key, stored]) => [key, StepUpRow.parse(stored)])
  }
}
