import { z } from 'zod'
import { sha256Hex } from '#lib/hash.ts'
import { earliest, evictable, PrefixTable } from '../base/table.ts'
import { STEP_UPS_PER_GRANT } from '../bounds.ts'

/**
 * A request for more scopes. Its key is a hash of its id; the id itself is stored encrypted.
 * A client that asks again gets the same link and creates nothing.
 * A row stays until it expires, whatever its state. So a denied request is not shown again at once, and approval is
 * idempotent.
 */
const StepUpRow = z.object({
  grant: z.string(),
  /** The scopes that the grant lacks. */
  scopes: z.array(z.string()),
  encryptedId: z.string(),
  /** The names of the denied tools, each once. */
  tools: z.array(z.string()),
  askedFrom: z.array(z.object({ network: z.string(), atSeconds: z.number().int() })),
  endsAtSeconds: z.number().int(),
  /** `narrowed`: the user has nothing to decide; the row only records that the client was informed. */
  state: z.enum(['open', 'denied', 'used', 'narrowed']),
  /** Thumbprint of PingOne's token that came with the approval. */
  approvedWith: z.string().nullable(),
})
export type StepUpRow = z.infer<typeof StepUpRow>

const STEP_UP_SECONDS = 600
const MOST_TOOLS = 50
const MOST_NETWORKS = 5

export type KeyedStepUp = readonly [key: string, row: StepUpRow]

/** The key of a request's row. */
export const keyOf = (id: string): Promise<string> => sha256Hex(id)

/** The step-up requests of one user. Synchronous. */
export class StepUpTable extends PrefixTable<StepUpRow> {
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    super(kv, 'step-up:', StepUpRow)
    this.#now = nowSeconds
  }

  /** Stores a request. Above the bound it evicts the grant's oldest one, `narrowed` ones first. */
  open(key: string, given: Pick<StepUpRow, 'grant' | 'scopes' | 'encryptedId' | 'state'>): StepUpRow {
    const ofGrant = this.all().filter(([, { grant }]) => grant === given.grant)
    const rank = ({ state }: StepUpRow) => (state === 'narrowed' ? 0 : 1)
    const evicted = evictable(
      ofGrant,
      STEP_UPS_PER_GRANT,
      ([, a], [, b]) => rank(a) - rank(b) || a.endsAtSeconds - b.endsAtSeconds,
    )
    for (const [old] of evicted) this.delete(old)
    const endsAtSeconds = this.#now() + STEP_UP_SECONDS
    const row: StepUpRow = { ...given, tools: [], askedFrom: [], endsAtSeconds, approvedWith: null }
    this.write(key, row)
    return row
  }

  /** Adds a denied call. Returns the row before it, and whether the same tool was denied before. */
  noteCall(
    key: string,
    { tool, network }: { tool: string; network: string },
  ): { row: StepUpRow; isAskedAgain: boolean } | null {
    const row = this.read(key)
    if (row === null) return null
    const isAskedAgain = row.tools.includes(tool)
    const now = { network, atSeconds: this.#now() }
    const isKnown = row.askedFrom.some((caller) => caller.network === network)
    const askedFrom = isKnown
      ? row.askedFrom.map((caller) => (caller.network === network ? now : caller))
      : [...row.askedFrom, now].slice(0, MOST_NETWORKS)
    const tools = isAskedAgain ? row.tools : [...row.tools, tool].slice(-MOST_TOOLS)
    this.write(key, { ...row, tools, askedFrom })
    return { row, isAskedAgain }
  }

  /** The grant's unexpired request for the same scopes. */
  find(grant: string, scopes: readonly string[], isNarrowed: boolean): KeyedStepUp | null {
    const isSame = (row: StepUpRow) =>
      row.grant === grant &&
      !this.isOver(row) &&
      (row.state === 'narrowed') === isNarrowed &&
      row.scopes.join(' ') === scopes.join(' ')
    return this.all().find(([, row]) => isSame(row)) ?? null
  }

  /** An unanswered request that has not expired. */
  readOpen(key: string): StepUpRow | null {
    const row = this.read(key)
    return row?.state === 'open' && !this.isOver(row) ? row : null
  }

  isOver({ endsAtSeconds }: StepUpRow): boolean {
    return endsAtSeconds <= this.#now()
  }

  dropAllOf(grant: string): void {
    this.deleteWhere((row) => row.grant === grant)
  }

  sweep(): void {
    this.deleteWhere((row) => this.isOver(row))
  }

  nextSeconds(): number | null {
    return earliest(this.all().map(([, { endsAtSeconds }]) => endsAtSeconds))
  }
}
