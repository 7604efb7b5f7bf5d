import { endpoints } from './endpoints.ts'
import { readSwitches, type Store } from './store.ts'
import { readTimeline } from './timeline.ts'

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString()
const grantTypes = ['authorization_code', 'refresh_token', 'client_credentials']

/** What the tenant holds, without anything that would let a reader act for somebody. */
export type State = ReturnType<typeof readState>

export function readState(store: Store) {
  const countOf = (name: string): number => store.counts.get(name) ?? 0
  return {
    switches: readSwitches(store),
    /** Requests since the last reset, by endpoint; one that never got an answer is counted too. */
    counts: Object.fromEntries(endpoints.map(({ name }) => [name, countOf(name)])),
    /** Token requests of the authenticated application, by grant type. */
    grants: Object.fromEntries(grantTypes.map((grantType) => [grantType, countOf(`grant ${grantType}`)])),
    sessions: store.sessions.all().map(([sid, session]) => ({
      sid,
      username: session.username,
      authTime: iso(session.authTimeSeconds),
      lastUsed: iso(session.lastUsedSeconds),
    })),
    families: store.families.all().map(([id, family]) => ({
      id,
      username: family.given.username,
      sid: family.given.sid,
      scopes: family.given.scopes,
      created: iso(family.createdSeconds),
      rotations: family.rotations,
      alive: family.endedBecause === undefined,
      endedBecause: family.endedBecause ?? null,
    })),
    consents: store.consents.all().map(([username, scopes]) => ({ username, scopes })),
    keys: store.keys
      .all()
      .map(([kid, key]) => ({ kid, created: iso(key.createdSeconds), active: key.isActive })),
    timeline: readTimeline(store),
  }
}
