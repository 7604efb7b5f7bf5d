import { log } from '#lib/log.ts'
import type { Subscribed, Subscriptions } from './subscriptions.ts'

export interface ChangeNotifierDeps {
  subscriptions: Pick<Subscriptions, 'read' | 'sessions'>
  /** Whether a grant is open now. */
  isOpen: (grant: string) => boolean
  /** The session's object sends it on the stream that its client listens to, if there is one. */
  tell: (session: string, subscribed: Subscribed) => Promise<void>
  /** Nobody waits for it. */
  afterAnswer: (work: Promise<void>) => void
}

/**
 * Tells the sessions of this user that what they subscribed to may have changed. All of it, after any write of the
 * user: what a write touched only the API knows, and a client that hears too much reads once more. Nothing is queued:
 * a session that cannot be told has missed it, as it misses what others change in the API.
 */
export function makeChangeNotifier({
  subscriptions,
  isOpen,
  tell,
  afterAnswer,
}: ChangeNotifierDeps): () => void {
  /** Sessions that are being told; true: and once more, because there was another write meanwhile. */
  const telling = new Map<string, boolean>()

  const tellOne = async (session: string): Promise<void> => {
    do {
      telling.set(session, false)
      // Read each time: an ending or a takeover may have come first.
      const subscribed = subscriptions.read(session)
      if (subscribed === null || !isOpen(subscribed.grant)) break
      try {
        await tell(session, subscribed)
      } catch (error) {
        log.warn('session.not-told', { detail: error instanceof Error ? error.name : 'unknown' })
      }
    } while (telling.get(session) === true)
    telling.delete(session)
  }

  return () => {
    for (const session of subscriptions.sessions()) {
      if (telling.has(session)) telling.set(session, true)
      else afterAnswer(tellOne(session))
    }
  }
}
