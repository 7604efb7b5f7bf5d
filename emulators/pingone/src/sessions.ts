import { clearCookie, readCookie, setCookie } from './http.ts'
import { randomText } from './random.ts'
import type { BrowserSession, Grant, RefreshFamily, Store } from './store.ts'
import type { Context } from './endpoints.ts'

const cookieName = 'session'

/** The live session of this browser. */
export function findBrowserSession(context: Context): BrowserSession | undefined {
  const [sid, secret] = (readCookie(context.request, cookieName) ?? '').split('.')
  const session = sid === undefined ? undefined : liveSession(context, sid)
  return session?.secret === secret ? session : undefined
}

export function liveSession(
  { store, switches, nowSeconds }: Context,
  sid: string,
): BrowserSession | undefined {
  const session = store.sessions.get(sid)
  return session && nowSeconds - session.lastUsedSeconds < switches.sessionIdleSeconds ? session : undefined
}

/**
 * Signs a user on in this browser and returns the cookie. The same user keeps the session id. L: another user
 * gets a new session, and the old one stays alive.
 */
export function startSession(
  context: Context,
  username: string,
): { session: BrowserSession; cookie: string } {
  const { settings, store, nowSeconds } = context
  const before = findBrowserSession(context)
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

/** A sign-on resets the idle timeout. L: a refresh does not. */
export function touchSession({ store, nowSeconds }: Context, session: BrowserSession): void {
  store.sessions.put(session.sid, { ...session, lastUsedSeconds: nowSeconds })
}

/** Ends a session and its refresh tokens. */
export function endSession(store: Context['store'], sid: string): void {
  store.sessions.delete(sid)
  endFamilies(store, 'session ended', ({ given }) => given.sid === sid)
}

export const clearSessionCookie = (settings: Context['settings']): string =>
  clearCookie(cookieName, cookiePath(settings))

/** Cookies stay below the environment, away from other programs on the same host. */
export const cookiePath = ({ environmentId }: Context['settings']): string => `/${environmentId}`

/** The longest lifetime of a family, rotations included: PingOne's default of 180 days. */
const familySeconds = 15_552_000

/** Starts a family; undefined where PingOne would issue no refresh token. */
export function startFamily(context: Context, given: Grant): { familyId: string; token: string } | undefined {
  const { store, switches, nowSeconds } = context
  if (switches.refreshTokens === 'none') return undefined
  if (switches.offlineAccess && !given.scopes.includes('offline_access')) return undefined
  const id = crypto.randomUUID()
  store.families.put(id, { id, given, createdSeconds: nowSeconds, rotations: 0, endedBecause: undefined })
  return { familyId: id, token: addToken(context, id, nowSeconds) }
}

/** Marks the token as used and issues the next one of its family. */
export function rotate(context: Context, family: RefreshFamily, presented: string): string {
  const { store, nowSeconds } = context
  const token = store.refreshTokens.get(presented)
  if (token)
    store.refreshTokens.put(presented, { ...token, usedAtSeconds: token.usedAtSeconds ?? nowSeconds })
  store.families.put(family.id, { ...family, rotations: family.rotations + 1 })
  return addToken(context, family.id, family.createdSeconds)
}

function addToken(
  { store, switches, nowSeconds }: Context,
  familyId: string,
  createdSeconds: number,
): string {
  const token = randomText()
  const expiresAtSeconds = Math.min(nowSeconds + switches.refreshTokenSeconds, createdSeconds + familySeconds)
  store.refreshTokens.put(token, { familyId, expiresAtSeconds, usedAtSeconds: undefined })
  return token
}

/** Idempotent: the first reason stays. */
export function endFamily(
  store: Store,
  id: string,
  because: NonNullable<RefreshFamily['endedBecause']>,
): void {
  const family = store.families.get(id)
  if (family && family.endedBecause === undefined)
    store.families.put(id, { ...family, endedBecause: because })
}

export function endFamilies(
  store: Store,
  because: NonNullable<RefreshFamily['endedBecause']>,
  isMeant: (family: RefreshFamily) => boolean,
): void {
  for (const [id, family] of store.families.all()) if (isMeant(family)) endFamily(store, id, because)
}
