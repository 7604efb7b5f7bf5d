import { evictable, PrefixTable } from '../base/table.ts'
import { ERASED_AT_ONCE } from '#oauth-store/spent-tokens.ts'
import type { UserNames } from '../audit/directory-names.ts'
import { ENDED_GRANTS } from '../bounds.ts'
import { type EndReason, Grant, isSameClient, type NewGrant } from './grant.ts'

const BLOCKED = 'blocked'
const USED_STEP_SECONDS = 3600

/** One user's grants, ended ones included, and whether the user is blocked. Synchronous. */
export class GrantTable {
  readonly #kv: DurableObjectStorage['kv']
  readonly #table: PrefixTable<Grant>
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#table = new PrefixTable(kv, 'grant:', Grant)
    this.#now = nowSeconds
  }

  read(id: string): Grant | null {
    return this.#table.read(id)
  }

  readLive(id: string): Grant | null {
    const grant = this.read(id)
    return grant === null || grant.ended !== null ? null : grant
  }

  open(given: NewGrant, encrypted: string, tenant: Grant['tenant']): void {
    const now = this.#now()
    this.write({
      id: given.id,
      client: given.client,
      shown: given.shown,
      pingOneSession: given.pingOneSession,
      userName: given.userName,
      preferredUsername: given.preferredUsername,
      openedAtSeconds: now,
      usedAtSeconds: now,
      downstreamScopes: given.downstreamScopes,
      tenant,
      encrypted,
      downstreamEndsAtSeconds: given.downstreamEndsAtSeconds,
      isRenewable: given.refreshToken !== null,
      replacedAtSeconds: null,
      operator: given.operator ?? null,
      ended: null,
    })
  }

  write(grant: Grant): void {
    this.#table.write(grant.id, grant)
  }

  all(): Grant[] {
    return this.#table.all().map(([, grant]) => grant)
  }

  live(): Grant[] {
    return this.all().filter(({ ended }) => ended === null)
  }

  /** The user's names as the newest live grant has them. */
  newestNames(): UserNames {
    const newest = this.live().toSorted((a, b) => b.openedAtSeconds - a.openedAtSeconds)[0]
    return { userName: newest?.userName ?? null, preferredUsername: newest?.preferredUsername ?? null }
  }

  /** Removes the user's names from the history. */
  eraseNames(): void {
    for (const grant of this.all())
      if (grant.userName !== null || grant.preferredUsername !== null)
        this.write({ ...grant, userName: null, preferredUsername: null })
  }

  /**
   * The live grants to evict so that one more fits: those that were unused the longest (decision 15).
   * Grants of the same client go first, so that a client which registers at each login evicts only its own.
   */
  tooManyFor(most: number, opened: Pick<NewGrant, 'id' | 'shown'>): Grant[] {
    // A repeated message opens the same grant.
    const others = this.live().filter(({ id }) => id !== opened.id)
    const rank = ({ shown }: Grant) => (shown !== null && isSameClient(shown, opened.shown) ? 0 : 1)
    return evictable(others, most, (a, b) => rank(a) - rank(b) || a.usedAtSeconds - b.usedAtSeconds)
  }

  /** The row stays as history, without tokens. */
  markEnded(grant: Grant, reason: EndReason, act?: string): void {
    const end = { reason, atSeconds: this.#now(), ...(act !== undefined && { act }) }
    this.write({ ...grant, encrypted: '', ended: end })
    const ended = this.all().flatMap(({ id, ended: end }) => (end === null ? [] : [{ id, ...end }]))
    if (ended.length <= ENDED_GRANTS) return
    const oldestFirst = ended
      .toSorted((a, b) => a.atSeconds - b.atSeconds)
      .filter(({ id }) => id !== grant.id)
    for (const { id } of oldestFirst.slice(0, Math.min(ended.length - ENDED_GRANTS, ERASED_AT_ONCE)))
      this.#table.delete(id)
  }

  markUsed(grant: Grant): void {
    const now = this.#now()
    if (now - grant.usedAtSeconds >= USED_STEP_SECONDS) this.write({ ...grant, usedAtSeconds: now })
  }

  get isBlocked(): boolean {
    return this.#kv.get<boolean>(BLOCKED) === true
  }

  set isBlocked(isBlocked: boolean) {
    if (isBlocked) this.#kv.put(BLOCKED, true)
    else this.#kv.delete(BLOCKED)
  }
}
