import type * as Records from './records.ts'
import { normalSwitches, type Switches } from './switches.ts'

/** One kind of record. Every act is synchronous, so a read and the write that follows cannot be torn apart. */
export class Shelf<T> {
  readonly #kv: SyncKvStorage
  readonly #prefix: string

  constructor(kv: SyncKvStorage, name: string) {
    this.#kv = kv
    this.#prefix = `${name}:`
  }

  get(id: string): T | undefined {
    return this.#kv.get<T>(this.#prefix + id)
  }

  put(id: string, record: T): void {
    this.#kv.put(this.#prefix + id, record)
  }

  delete(id: string): void {
    this.#kv.delete(this.#prefix + id)
  }

  all(): [id: string, record: T][] {
    return [...this.#kv.list<T>({ prefix: this.#prefix })].map(([key, record]) => [
      key.slice(this.#prefix.length),
      record,
    ])
  }

  clear(): void {
    for (const [id] of this.all()) this.delete(id)
  }
}

/** Everything the tenant keeps. */
export type Store = ReturnType<typeof openStore>

export function openStore(kv: SyncKvStorage) {
  return {
    accounts: new Shelf<Records.Account>(kv, 'account'),
    sessions: new Shelf<Records.BrowserSession>(kv, 'session'),
    flows: new Shelf<Records.Flow>(kv, 'flow'),
    codes: new Shelf<Records.Code>(kv, 'code'),
    families: new Shelf<Records.RefreshFamily>(kv, 'family'),
    refreshTokens: new Shelf<Records.RefreshToken>(kv, 'refresh'),
    accessTokens: new Shelf<Records.AccessToken>(kv, 'access'),
    /** By username: the API scopes a user has consented to. There is one application, so no more is needed. */
    consents: new Shelf<readonly string[]>(kv, 'consent'),
    pushed: new Shelf<Records.PushedRequest>(kv, 'pushed'),
    /** `jti` of client assertions that were used, with their expiry. */
    assertions: new Shelf<number>(kv, 'assertion'),
    keys: new Shelf<Records.StoredKey>(kv, 'key'),
    /** By address: the application's own public keys, as they were fetched. */
    clientKeys: new Shelf<Records.FetchedKeys>(kv, 'client keys'),
    switches: new Shelf<Switches>(kv, 'switches'),
    timeline: new Shelf<TimelineEntry>(kv, 'timeline'),
    /** Requests by endpoint, token requests by grant type, timeline entries, and when it was last swept. */
    counts: new Shelf<number>(kv, 'count'),
  }
}

/** The switches as they stand. One that was added after they were stored has its normal value. */
export const readSwitches = ({ switches }: Store): Switches => ({ ...normalSwitches, ...switches.get('now') })

/** One request, as the control page shows it. */
export interface TimelineEntry {
  readonly at: string
  readonly endpoint: string
  readonly method: string
  /** Parameter names with values that are no secret; a secret shows as `(hidden)`. */
  readonly asked: Readonly<Record<string, string>>
  readonly status: number
  readonly reason: string
  readonly correlationId: string
}

/** Throws away what is over, once a minute at most, so that an emulator that runs for weeks stays small. */
export function sweep(store: Store, nowSeconds: number): void {
  if (nowSeconds - (store.counts.get('swept at') ?? 0) < 60) return
  store.counts.put('swept at', nowSeconds)
  const shelves = [store.flows, store.codes, store.pushed, store.accessTokens, store.refreshTokens]
  for (const shelf of shelves) {
    for (const [id, record] of shelf.all()) if (record.expiresAtSeconds <= nowSeconds) shelf.delete(id)
  }
  for (const [id, expiresAtSeconds] of store.assertions.all()) {
    if (expiresAtSeconds <= nowSeconds) store.assertions.delete(id)
  }
}
