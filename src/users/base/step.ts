import type { AuditStore } from '#events/store.ts'
import type { WebhookSender } from '#lib/signed-webhook.ts'
import type { PingOne } from '#pingone/client.ts'

/**
 * Wraps every call by which a User leaves its own memory: storage, PingOne, the audit log, the receiver of webhooks,
 * the object of a session.
 * In production it only calls. The crash schedules (test/workers/crash) end the object before or after the n-th call.
 */
export type Step = <T>(name: string, act: () => T) => T

export const plainStep: Step = (_name, act) => act()

/** The part of the storage that a User uses. */
export interface UserStorage {
  kv: DurableObjectStorage['kv']
  sql: Pick<SqlStorage, 'exec'>
  /** Needs no await: the output gate holds back every answer until the alarm is on disk. */
  setAlarm(atMs: number): void
}

/**
 * Whether this code can use a table of that version. A later version only adds columns, so after a rollback the older code
 * goes on with the newer table: dropping it would lose calls on record and events that wait.
 */
export const isReadable = (stored: unknown, version: number): boolean =>
  typeof stored === 'number' && stored >= version

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

/** The part of PingOne's client that a User uses. */
export type UserPingOne = Pick<PingOne, 'refresh' | 'revoke'>

export const steppedPingOne = (pingone: UserPingOne, step: Step): UserPingOne => ({
  refresh: (...request) => step('pingone.refresh', () => pingone.refresh(...request)),
  revoke: (token) => step('pingone.revoke', () => pingone.revoke(token)),
})

export const steppedAuditStore = (store: AuditStore, step: Step): AuditStore => ({
  append: (batch) => step('audit.append', () => store.append(batch)),
  forget: (user) => step('audit.forget', () => store.forget(user)),
})

export const steppedWebhook = (sender: WebhookSender, step: Step): WebhookSender => ({
  send: (...message) => step('webhook.send', () => sender.send(...message)),
})
