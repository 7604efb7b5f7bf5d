import { z } from 'zod'
import type { Emit } from '#events/event.ts'
import { log } from '#lib/log.ts'
import { earliest, evictable, PrefixTable } from '../base/table.ts'
import type { WakeTime } from '../base/wake-time.ts'
import { MOST_CLOSING, SESSIONS_PER_GRANT } from '../bounds.ts'
import type { SubscriptionTable } from './subscriptions.ts'

const Session = z.object({
  grant: z.string(),
  client: z.string(),
  openedAtSeconds: z.number(),
  seenAtSeconds: z.number(),
  /** A short hash of its id for the audit log; null: it was opened without one, and has no events. */
  hash: z.string().nullable().default(null),
})
type Session = z.infer<typeof Session>

/** What the edge knows of a new session, for the audit log. */
export interface SessionFacts {
  /** A short hash of the session's id: it opens nothing. */
  session: string
  network: string
  agent: string
}

/** Why a session was closed. */
export type CloseReason = 'by_client' | 'idle' | 'evicted' | 'grant_ended'

/** A session that is closed here, while its object has not yet confirmed that its streams are closed. */
const ClosingSession = z.object({ tries: z.number(), notBeforeSeconds: z.number() })

export const SESSION_IDLE_SECONDS = 24 * 3600
/** The idle limit is a day, so "last seen" is written at most this often. */
const SEEN_STEP_SECONDS = 600
const MOST_TRIES = 10
const FIRST_PAUSE_SECONDS = 60
/** Sessions that one alarm closes. */
const BATCH = 50

/**
 * The open sessions of one user (session transport). Synchronous.
 * The library's objects never expire and keep no list. This table bounds and expires them, and finds those of a grant.
 */
export class SessionTable {
  readonly #open: PrefixTable<Session>
  readonly #closing: PrefixTable<z.infer<typeof ClosingSession>>
  readonly #now: () => number
  readonly #subscriptions: Pick<SubscriptionTable, 'drop'>
  readonly #emit: Emit

  constructor(
    kv: DurableObjectStorage['kv'],
    nowSeconds: () => number,
    subscriptions: Pick<SubscriptionTable, 'drop'>,
    emit: Emit,
  ) {
    this.#open = new PrefixTable(kv, 'session:', Session)
    this.#closing = new PrefixTable(kv, 'closing-session:', ClosingSession)
    this.#now = nowSeconds
    this.#subscriptions = subscriptions
    this.#emit = emit
  }

  /** Returns the evicted sessions: those that were unused the longest. */
  open(id: string, grant: string, client: string, facts?: SessionFacts): string[] {
    const now = this.#now()
    const others = this.all().filter(([other, session]) => session.grant === grant && other !== id)
    const evicted = evictable(
      others,
      SESSIONS_PER_GRANT,
      ([, a], [, b]) => a.seenAtSeconds - b.seenAtSeconds,
    ).map(([other]) => other)
    for (const other of evicted) this.close(other, 'evicted')
    const isNew = this.#open.read(id) === null
    const hash = facts?.session ?? null
    this.#open.write(id, { grant, client, openedAtSeconds: now, seenAtSeconds: now, hash })
    if (isNew && facts !== undefined) this.#emit({ type: 'session.opened', grant, ...facts })
    return evicted
  }

  /** Returns whether the session was open. Its object is then notified until `confirmClosed`. */
  close(id: string, reason: CloseReason): boolean {
    const session = this.#open.read(id)
    if (session === null) return false
    const { grant, hash } = session
    this.#open.delete(id)
    if (hash !== null) this.#emit({ type: 'session.closed', grant, session: hash, reason })
    this.#subscriptions.drop(id)
    this.#closing.write(id, { tries: 1, notBeforeSeconds: this.#now() + FIRST_PAUSE_SECONDS })
    return true
  }

  confirmClosed(id: string): void {
    this.#closing.delete(id)
  }

  /** Whether it is open for this client. A newer grant of the same client takes it over (decision 4). */
  isOpen(id: string, grant: string, client: string): boolean {
    const session = this.#open.read(id)
    const now = this.#now()
    if (session === null || session.client !== client) return false
    if (now - session.seenAtSeconds > SESSION_IDLE_SECONDS) return false
    // The subscriptions of the earlier grant end with the takeover.
    if (session.grant !== grant) {
      this.#subscriptions.drop(id)
      const { hash, grant: from } = session
      if (hash !== null) this.#emit({ type: 'session.taken-over', grant, session: hash, from })
    }
    const isStale = now - session.seenAtSeconds >= SEEN_STEP_SECONDS
    if (isStale || session.grant !== grant) this.#open.write(id, { ...session, grant, seenAtSeconds: now })
    return true
  }

  /** Written together with the call that the session makes: its row is a commit of its own anyway. */
  markSeen(id: string): void {
    const session = this.#open.read(id)
    const now = this.#now()
    if (session !== null && session.seenAtSeconds < now)
      this.#open.write(id, { ...session, seenAtSeconds: now })
  }

  /** Whether the session belongs to this grant, and no other grant has taken it over. */
  isHeldBy(id: string, grant: string): boolean {
    return this.#open.read(id)?.grant === grant
  }

  closeAllOf(grant: string): string[] {
    return this.#closeWhere((session) => session.grant === grant, 'grant_ended')
  }

  /** Closes idle sessions and returns them. */
  sweep(): string[] {
    const now = this.#now()
    return this.#closeWhere(({ seenAtSeconds }) => now - seenAtSeconds > SESSION_IDLE_SECONDS, 'idle')
  }

  /** Sessions whose objects must be notified again. Gives up after the last try. */
  unconfirmed(): string[] {
    const longestFirst = this.#closing.all().toSorted(([, a], [, b]) => b.tries - a.tries)
    // An object that is given up keeps its storage, but no request reaches it.
    const tooMany = longestFirst.splice(0, Math.max(0, longestFirst.length - MOST_CLOSING))
    for (const [id] of tooMany) this.confirmClosed(id)
    if (tooMany.length > 0) log.error('session.not-closed', { detail: `given up: ${tooMany.length}` })
    const due = longestFirst.filter(([, { notBeforeSeconds }]) => notBeforeSeconds <= this.#now())
    return due.slice(0, BATCH).map(([id, { tries }]) => {
      const notBeforeSeconds = this.#now() + FIRST_PAUSE_SECONDS * 2 ** tries
      if (tries >= MOST_TRIES) this.confirmClosed(id)
      else this.#closing.write(id, { tries: tries + 1, notBeforeSeconds })
      return id
    })
  }

  nextSeconds(): number | null {
    const ends = this.all().map(([, { seenAtSeconds }]) => seenAtSeconds + SESSION_IDLE_SECONDS + 1)
    const tries = this.#closing.all().map(([, { notBeforeSeconds }]) => notBeforeSeconds)
    return earliest([...ends, ...tries])
  }

  all(): [id: string, session: Session][] {
    return this.#open.all()
  }

  #closeWhere(matches: (session: Session) => boolean, reason: CloseReason): string[] {
    const ids = this.all().flatMap(([id, session]) => (matches(session) ? [id] : []))
    for (const id of ids) this.close(id, reason)
    return ids
  }
}

interface SessionCloserDeps {
  sessions: SessionTable
  wake: WakeTime
  /** Ends the object of a session with its streams. */
  close: (session: string) => Promise<void>
  /** Runs work that no answer waits for. */
  afterAnswer: (work: Promise<void>) => void
}

/** Notifies the objects of closed sessions. */
export const makeSessionCloser = ({ sessions, wake, close, afterAnswer }: SessionCloserDeps) => {
  const notify = async (session: string): Promise<void> => {
    try {
      await close(session)
      sessions.confirmClosed(session)
    } catch (error) {
      // The alarm retries. Until then its streams may stay open, but each request is refused.
      log.warn('session.not-closed', { detail: error instanceof Error ? error.name : 'unknown' })
    }
  }
  return (closed: readonly string[]): void => {
    for (const session of closed) afterAnswer(notify(session))
    if (closed.length > 0) wake.noLaterThan(sessions.nextSeconds())
  }
}
