import { z } from 'zod'
import { log } from '#lib/log.ts'
import { PrefixTable } from '../base/table.ts'
import { MOST_URI_CHARACTERS, URIS_PER_SESSION } from '../bounds.ts'
import type { UserObjectApi } from '../user.ts'

/** The URIs that one session subscribed to, never their content. */
const Subscription = z.object({ grant: z.string(), uris: z.array(z.string()) })
export type Subscription = z.infer<typeof Subscription>

/** `closed`: the session is not open, or another grant has taken it over. */
export type SubscriptionOutcome = 'done' | 'too_many' | 'too_long' | 'closed' | 'ended'

export type SubscriptionApi = Pick<UserObjectApi, 'subscribe' | 'unsubscribe'>

/**
 * Stored in the same object as the sessions, so that an end or a takeover drops them in the same act.
 * Rows of their own, so that a write of a user without subscriptions finds an empty list at once.
 */
export class SubscriptionTable {
  readonly #table: PrefixTable<Subscription>

  constructor(kv: DurableObjectStorage['kv']) {
    this.#table = new PrefixTable(kv, 'subscribed:', Subscription)
  }

  add(session: string, grant: string, uri: string): Extract<SubscriptionOutcome, 'done' | `too_${string}`> {
    if (uri.length > MOST_URI_CHARACTERS) return 'too_long'
    const uris = this.#urisOf(session, grant)
    if (uris.includes(uri)) return 'done'
    if (uris.length >= URIS_PER_SESSION) return 'too_many'
    this.#table.write(session, { grant, uris: [...uris, uri] })
    return 'done'
  }

  remove(session: string, grant: string, uri: string): void {
    const uris = this.#urisOf(session, grant)
    if (!uris.includes(uri)) return
    const others = uris.filter((other) => other !== uri)
    if (others.length === 0) this.drop(session)
    else this.#table.write(session, { grant, uris: others })
  }

  /** For a closed session, and for one that another grant takes over. */
  drop(session: string): void {
    this.#table.delete(session)
  }

  read(session: string): Subscription | null {
    return this.#table.read(session)
  }

  sessions(): string[] {
    return this.#table.all().map(([session]) => session)
  }

  #urisOf(session: string, grant: string): string[] {
    const subscription = this.read(session)
    return subscription?.grant === grant ? subscription.uris : []
  }
}

interface ChangeNotifierDeps {
  subscriptions: Pick<SubscriptionTable, 'read' | 'sessions'>
  /** Whether a grant is open now. */
  isOpen: (grant: string) => boolean
  /** The session's object sends the notification if its client has an open stream. */
  notify: (session: string, subscription: Subscription) => Promise<void>
  /** Runs work that no answer waits for. */
  afterAnswer: (work: Promise<void>) => void
}

/**
 * Notifies this user's sessions after any write that their subscriptions may have changed.
 * It notifies all of them: only the API knows what a write touched, and an extra notification costs one read.
 * Nothing is queued: a session that cannot be reached misses the notification.
 */
export function makeChangeNotifier({
  subscriptions,
  isOpen,
  notify,
  afterAnswer,
}: ChangeNotifierDeps): () => void {
  /** Sessions with a notification under way. True: another write came meanwhile, so notify again. */
  const pending = new Map<string, boolean>()

  const notifySession = async (session: string): Promise<void> => {
    do {
      pending.set(session, false)
      // Read each time: the grant may have ended, or another may have taken the session over.
      const subscription = subscriptions.read(session)
      if (subscription === null || !isOpen(subscription.grant)) break
      try {
        await notify(session, subscription)
      } catch (error) {
        log.warn('session.not-told', { detail: error instanceof Error ? error.name : 'unknown' })
      }
    } while (pending.get(session) === true)
    pending.delete(session)
  }

  return () => {
    for (const session of subscriptions.sessions()) {
      if (pending.has(session)) pending.set(session, true)
      else afterAnswer(notifySession(session))
    }
  }
}
