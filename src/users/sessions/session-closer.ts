import { log } from '#lib/log.ts'
import type { Sessions } from './sessions.ts'
import type { WakeTime } from '../base/wake-time.ts'

export interface SessionCloserDeps {
  sessions: Sessions
  wake: WakeTime
  /** Ends the object of a session with its streams. */
  close: (session: string) => Promise<void>
  /** Nobody waits for it. */
  afterAnswer: (work: Promise<void>) => void
}

/** Tells the objects of sessions that they are over. */
export const makeSessionCloser = ({ sessions, wake, close, afterAnswer }: SessionCloserDeps) => {
  const tell = async (session: string): Promise<void> => {
    try {
      await close(session)
      sessions.told(session)
    } catch (error) {
      // The alarm tells it again; until then its streams may live, and each request is refused.
      log.warn('session.not-closed', { detail: error instanceof Error ? error.name : 'unknown' })
    }
  }
  return (over: readonly string[]): void => {
    for (const session of over) afterAnswer(tell(session))
    if (over.length > 0) wake.noLaterThan(sessions.nextSeconds())
  }
}
