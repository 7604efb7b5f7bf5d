import { z } from 'zod'
import { log } from '#lib/log.ts'
import type { Subscriptions } from './subscriptions.ts'
import { MOST_CLOSING, SESSIONS_PER_GRANT } from '../bounds.ts'

/**
 * The open sessions of one user (session transport). The library's objects never end by themselves and keep no list;
 * here they are counted, run out, and are found when a grant ends. Synchronous, like all rules of a User.
 */
const Session = z.object({
  grant: z.string(),
  client: z.string(),
  openedAtSeconds: z.number(),
  seenAtSeconds: z.number(),
})
export type Session = z.infer<typeof Session>

export const SESSION_IDLE_SECONDS = 24 * 3600
/** "Last seen" is for an idle limit of a day: writing it on every request would double the cost of one. */
const SEEN_STEP_SECONDS = 600

const PREFIX = 'session:'
/** Closed here, but its object has not said yet that its streams are closed too. */
const CLOSING = 'closing-session:'
const Closing = z.object({ tries: z.number(), notBeforeSeconds: z.number() })
const MOST_TRIES = 10
const FIRST_PAUSE_SECONDS = 60
const TOLD_AT_ONCE = 50

export class Sessions {
  readonly #kv: DurableObjectStorage['kv']
  readonly #now: () => number
  readonly #subscriptions: Pick<Subscriptions, 'drop'>

  constructor(
    kv: DurableObjectStorage['kv'],
    nowSeconds: () => number,
    subscriptions: Pick<Subscriptions, 'drop'>,
  ) {
    this.#kv = kv
    this.#now = nowSeconds
    this.#subscriptions = subscriptions
  }

  /** Returns the sessions that had to go for it: the ones that were unused the longest. */
  open(id: string, grant: string, client: string): string[] {
    const now = this.#now()
    const others = this.all().filter(([, session]) => session.grant === grant)
    const oldestFirst = others
      .toSorted(([, a], [, b]) => a.seenAtSeconds - b.seenAtSeconds)
      .map(([name]) => name)
    const tooMany = oldestFirst.slice(0, Math.max(0, others.length + 1 - SESSIONS_PER_GRANT))
    for (const name of tooMany) this.close(name)
    const session: Session = { grant, client, openedAtSeconds: now, seenAtSeconds: now }
    this.#kv.put(PREFIX + id, session)
    return tooMany
  }

  /** Whether it was open. From here on its object is to be told, until `told`. */
  close(id: string): boolean {
    if (this.#kv.get(PREFIX + id) === undefined) return false
    this.#kv.delete(PREFIX + id)
    this.#subscriptions.drop(id)
    this.#kv.put(CLOSING + id, { tries: 1, notBeforeSeconds: this.#now() + FIRST_PAUSE_SECONDS })
    return true
  }

  told(id: string): void {
    this.#kv.delete(CLOSING + id)
  }

  /** Whether it is open for this client. A newer grant of the same client takes it over (decision 4). */
  isOpen(id: string, grant: string, client: string): boolean {
    const session = this.#read(id)
    const now = this.#now()
    if (session === null || session.client !== client) return false
    if (now - session.seenAtSeconds > SESSION_IDLE_SECONDS) return false
    // What the earlier grant asked to be told of goes with it.
    if (session.grant !== grant) this.#subscriptions.drop(id)
    const isStale = now - session.seenAtSeconds >= SEEN_STEP_SECONDS
    if (isStale || session.grant !== grant)
      this.#kv.put(PREFIX + id, { ...session, grant, seenAtSeconds: now })
    return true
  }

  /** Whether it is this grant's now, and not one's that has taken it over. */
  isHeldBy(id: string, grant: string): boolean {
    return this.#read(id)?.grant === grant
  }

  closeAllOf(grant: string): string[] {
    const mine = this.all().flatMap(([id, session]) => (session.grant === grant ? [id] : []))
    for (const id of mine) this.close(id)
    return mine
  }

  /** Whose objects have to be told once more; the last try is the end of it. */
  untold(): string[] {
    const longestFirst = this.#closing().toSorted(([, a], [, b]) => b.tries - a.tries)
    // Its object keeps what it stored, and no request reaches it.
    const tooMany = longestFirst.splice(0, Math.max(0, longestFirst.length - MOST_CLOSING))
    for (const [id] of tooMany) this.told(id)
    if (tooMany.length > 0) log.error('session.not-closed', { detail: `given up: ${tooMany.length}` })
    const due = longestFirst.filter(([, { notBeforeSeconds }]) => notBeforeSeconds <= this.#now())
    return due.slice(0, TOLD_AT_ONCE).map(([id, { tries }]) => {
      const next = this.#now() + FIRST_PAUSE_SECONDS * 2 ** tries
      if (tries >= MOST_TRIES) this.told(id)
      else this.#kv.put(CLOSING + id, { tries: tries + 1, notBeforeSeconds: next })
      return id
    })
  }

  /** Closes what ran out, and tells which. */
  sweep(): string[] {
    const now = this.#now()
    const over = this.all().flatMap(([id, { seenAtSeconds }]) =>
      now - seenAtSeconds > SESSION_IDLE_SECONDS ? [id] : [],
    )
    for (const id of over) this.close(id)
    return over
  }

  nextSeconds(): number | null {
    const ends = this.all().map(([, { seenAtSeconds }]) => seenAtSeconds + SESSION_IDLE_SECONDS + 1)
    const tries = this.#closing().map(([, { notBeforeSeconds }]) => notBeforeSeconds)
    return ends.length + tries.length === 0 ? null : Math.min(...ends, ...tries)
  }

  all(): [id: string, session: Session][] {
    return Array.from(this.#kv.list({ prefix: PREFIX }), ([key, value]) => [
      key.slice(PREFIX.length),
      Session.parse(value),
    ])
  }

  #closing(): [id: string, closing: z.infer<typeof Closing>][] {
    return Array.from(this.#kv.list({ prefix: CLOSING }), ([key, value]) => [
      key.slice(CLOSING.length),
      Closing.parse(value),
    ])
  }

  #read(id: string): Session | null {
    const stored = this.#kv.get(PREFIX + id)
    return stored === undefined ? null : Session.parse(stored)
  }
}
