import { dropCookie, readCookie, setCookie } from './cookies.ts'
import { endFamilies } from './families.ts'
import { randomText } from './random.ts'
import type { BrowserSession } from './records.ts'
import type { Visit } from './visit.ts'

const cookieName = 'session'

/** The session of this browser, if it lives. */
export function findBrowserSession(visit: Visit): BrowserSession | undefined {
  const [sid, secret] = (readCookie(visit.request, cookieName) ?? '').split('.')
  const session = sid === undefined ? undefined : liveSession(visit, sid)
  return session?.secret === secret ? session : undefined
}

/** A session by its id, if it lives. */
export function liveSession({ store, switches, nowSeconds }: Visit, sid: string): BrowserSession | undefined {
  const session = store.sessions.get(sid)
  return session && nowSeconds - session.lastUsedSeconds < switches.sessionIdleSeconds ? session : undefined
}

/**
 * Signs a user on in this browser and returns the cookie. The same user again keeps the session and gets a
 * new secret; another user gets a new session and the old one lives on unseen (L: PingOne does not say).
 */
export function startSession(visit: Visit, username: string): { session: BrowserSession; cookie: string } {
  const { settings, store, nowSeconds } = visit
  const before = findBrowserSession(visit)
  const session: BrowserSession = {
    sid: before?.username === username ? before.sid : crypto.randomUUID(),
    secret: randomText(),
    username,
    authTimeSeconds: nowSeconds,
    lastUsedSeconds: nowSeconds,
  }
  store.sessions.put(session.sid, session)
  return { session, cookie: setCookie(cookieName, `${session.sid}.${session.secret}`, cookiePath(settings)) }
}

/** A sign-on that used the session keeps it from going idle. A refresh does not (L: the careful reading). */
export function touchSession({ store, nowSeconds }: Visit, session: BrowserSession): void {
  store.sessions.put(session.sid, { ...session, lastUsedSeconds: nowSeconds })
}

/** Ends a session, and with it every refresh token that came from it. */
export function endSession(store: Visit['store'], sid: string): void {
  store.sessions.delete(sid)
  endFamilies(store, 'session ended', ({ given }) => given.sid === sid)
}

export const sessionCookieGone = (settings: Visit['settings']): string =>
  dropCookie(cookieName, cookiePath(settings))

/** Our cookies stay under the environment, away from other programs on the same host. */
export const cookiePath = ({ environmentId }: Visit['settings']): string => `/${environmentId}`
