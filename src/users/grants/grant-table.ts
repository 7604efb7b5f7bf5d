import type { EndReason } from './end-reason.ts'
import { ENDED_GRANTS, ERASED_AT_ONCE } from '../bounds.ts'
import { Grant, isSameClient, type NewGrant } from './grant.ts'

const PREFIX = 'grant:'
const BLOCKED = 'blocked'
const USED_STEP_SECONDS = 3600

/** Our own row of each grant of one user, ended ones too: the list, the cap and the block are acts on it. */
export class GrantTable {
  readonly #kv: DurableObjectStorage['kv']
  readonly #now: () => number

  constructor(kv: DurableObjectStorage['kv'], nowSeconds: () => number) {
    this.#kv = kv
    this.#now = nowSeconds
  }

  read(id: string): Grant | null {
    const stored = this.#kv.get(PREFIX + id)
    return stored === undefined ? null : Grant.parse(stored)
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
      openedAtSeconds: now,
      usedAtSeconds: now,
      downstreamScopes: given.downstreamScopes,
      tenant,
      encrypted,
      downstreamEndsAtSeconds: given.downstreamEndsAtSeconds,
      isRenewable: given.refreshToken !== null,
      replacedAtSeconds: null,
      ended: null,
    })
  }

  write(grant: Grant): void {
    this.#kv.put(PREFIX + grant.id, grant)
  }

  all(): Grant[] {
    return Array.from(this.#kv.list({ prefix: PREFIX }), ([, stored]) => Grant.parse(stored))
  }

  live(): Grant[] {
    return this.all().filter(({ ended }) => ended === null)
  }

  /**
   * Which live grants have to go so that one more fits: those that were unused the longest (decision 15), and before
   * all others those of the same client. One that registers anew at each login would use up everybody else's.
   */
  tooManyFor(most: number, opened: Pick<NewGrant, 'id' | 'shown'>): Grant[] {
    // Told twice of the same grant, it is still one.
    const others = this.live().filter(({ id }) => id !== opened.id)
    const own = (grant: Grant) => (grant.shown !== null && isSameClient(grant.shown, opened.shown) ? 0 : 1)
    const first = others.toSorted((a, b) => own(a) - own(b) || a.usedAtSeconds - b.usedAtSeconds)
    return first.slice(0, Math.max(0, first.length + 1 - most))
  }

  /** The row stays, as the record of what was; nothing that opens anything stays in it. */
  markEnded(grant: Grant, reason: EndReason): void {
    this.write({ ...grant, encrypted: '', ended: { reason, atSeconds: this.#now() } })
    const ended = this.all().flatMap(({ id, ended: end }) => (end === null ? [] : [{ id, ...end }]))
    if (ended.length <= ENDED_GRANTS) return
    const oldestFirst = ended
      .toSorted((a, b) => a.atSeconds - b.atSeconds)
      .filter(({ id }) => id !== grant.id)
    for (const { id } of oldestFirst.slice(0, Math.min(ended.length - ENDED_GRANTS, ERASED_AT_ONCE)))
      this.#kv.delete(PREFIX + id)
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
