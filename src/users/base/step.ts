import type { PingOne } from '#pingone/client.ts'

/**
 * Every call by which a User reaches beyond its own memory has a name and goes through one of these: storage,
 * PingOne, the object of a session. It only calls. The crash schedules (test/workers/crash) put another one here,
 * which ends the object before or after the n-th call, so that each of these moments is tried.
 */
export type Step = <T>(name: string, act: () => T) => T

export const plainStep: Step = (_name, act) => act()

/** The storage of a User, as far as it uses one. */
export interface UserStorage {
  kv: DurableObjectStorage['kv']
  sql: Pick<SqlStorage, 'exec'>
  /** Nobody waits for it: the output gate holds back every answer until it is on disk. */
  setAlarm(atMs: number): void
}

export function steppedStorage(storage: DurableObjectStorage, step: Step): UserStorage {
  const { kv, sql } = storage
  return {
    kv: {
      get: (key) => step('kv.get', () => kv.get(key)),
      list: (options) => step('kv.list', () => kv.list(options)),
      put: (key, value) => step('kv.put', () => kv.put(key, value)),
      delete: (key) => step('kv.delete', () => kv.delete(key)),
    },
    sql: { exec: (query, ...values) => step('sql.exec', () => sql.exec(query, ...values)) },
    setAlarm: (atMs) => step('setAlarm', () => void storage.setAlarm(atMs)),
  }
}

/** PingOne, as far as a User asks it. */
export type UserPingOne = Pick<PingOne, 'refresh' | 'revoke'>

export const steppedPingOne = (pingone: UserPingOne, step: Step): UserPingOne => ({
  refresh: (...asked) => step('pingone.refresh', () => pingone.refresh(...asked)),
  revoke: (token) => step('pingone.revoke', () => pingone.revoke(token)),
})
