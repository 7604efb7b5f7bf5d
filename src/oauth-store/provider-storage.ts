import { retryOnce } from '#lib/retry-once.ts'
import type { RecordRow } from './record-row.ts'

/**
 * The part of the storage that the library uses. Registrations, CIMD documents and login transactions are in KV.
 * The records of a grant are in its User, and each token request or login works on a GrantDraft of them.
 * A method that cannot give a true answer throws: an empty answer would be a security hole.
 */
export interface ProviderStorage {
  get(key: string, options?: unknown): Promise<unknown>
  put(key: string, value: string, options?: PutOptions): Promise<void>
  delete(key: string): Promise<void>
  list(options: { prefix?: string; limit?: number; cursor?: string }): Promise<unknown>
}

interface PutOptions {
  expiration?: number
  expirationTtl?: number
  metadata?: unknown
}

const RECORD = /^(?:grant|token):/

const isJsonAsked = (options: unknown): boolean =>
  options === 'json' ||
  (typeof options === 'object' && options !== null && 'type' in options && options.type === 'json')

/** Everything except the records of grants, which throw. Idempotent, so each call is retried once. */
export function kvStorage(kv: KVNamespace, deadlineMs: number): ProviderStorage {
  const ask = <T>(act: () => Promise<T>) => retryOnce(deadlineMs, act)
  const denyRecords = (key: string) => {
    if (RECORD.test(key)) throw new Error('a record of a grant was asked for outside a token request')
  }
  return {
    async get(key, options) {
      denyRecords(key)
      return ask(() => (isJsonAsked(options) ? kv.get(key, 'json') : kv.get(key)))
    },
    async put(key, value, options) {
      denyRecords(key)
      await ask(() => kv.put(key, value, options))
    },
    async delete(key) {
      denyRecords(key)
      await ask(() => kv.delete(key))
    },
    async list(options) {
      denyRecords(options.prefix ?? 'grant:')
      return ask(() => kv.list(options))
    },
  }
}

/**
 * The storage of one login request. Deletes of single-use values (a consent, a state) wait for settle().
 * settle() runs after all other reads and writes: if KV fails before it, the user's form or URL still works.
 * Values that were read are cached.
 */
export class LoginStorage implements ProviderStorage {
  readonly #rest: ProviderStorage
  readonly #read = new Map<string, unknown>()
  readonly #deleted = new Set<string>()

  constructor(rest: ProviderStorage) {
    this.#rest = rest
  }

  async get(key: string, options?: unknown): Promise<unknown> {
    if (this.#deleted.has(key)) return null
    const name = `${isJsonAsked(options)} ${key}`
    if (!this.#read.has(name)) this.#read.set(name, await this.#rest.get(key, options))
    return this.#read.get(name)
  }

  async put(key: string, value: string, options?: PutOptions): Promise<void> {
    this.#read.clear()
    await this.#rest.put(key, value, options)
  }

  async delete(key: string): Promise<void> {
    this.#deleted.add(key)
  }

  list(options: Parameters<ProviderStorage['list']>[0]): Promise<unknown> {
    return this.#rest.list(options)
  }

  async settle(): Promise<void> {
    for (const key of this.#deleted) await this.#rest.delete(key)
  }
}

/** The storage of one registration. Writes wait for settle(), so that the registration can still be refused. */
export class RegistrationStorage implements ProviderStorage {
  readonly #rest: ProviderStorage
  readonly #writes: Parameters<ProviderStorage['put']>[] = []

  constructor(rest: ProviderStorage) {
    this.#rest = rest
  }

  get(key: string, options?: unknown): Promise<unknown> {
    return this.#rest.get(key, options)
  }

  async put(...write: Parameters<ProviderStorage['put']>): Promise<void> {
    this.#writes.push(write)
  }

  delete(key: string): Promise<void> {
    return this.#rest.delete(key)
  }

  list(options: Parameters<ProviderStorage['list']>[0]): Promise<unknown> {
    return this.#rest.list(options)
  }

  async settle(): Promise<void> {
    for (const write of this.#writes) await this.#rest.put(...write)
  }
}

/**
 * The storage for one run of the library on one grant. It reads a snapshot and collects the writes.
 * Nothing is stored until the User takes `writes` in one commit.
 */
export class GrantDraft implements ProviderStorage {
  readonly writes = new Map<string, RecordRow | null>()
  readonly #rest: ProviderStorage
  readonly #owner: string
  readonly #known: ReadonlyMap<string, string | null>
  readonly #nowSeconds: () => number

  /** `known`: records by the library's keys without the user's id, as in the User. */
  constructor(
    rest: ProviderStorage,
    owner: string,
    known: ReadonlyMap<string, string | null>,
    nowSeconds: () => number,
  ) {
    this.#rest = rest
    this.#owner = owner
    this.#known = known
    this.#nowSeconds = nowSeconds
  }

  async get(key: string, options?: unknown): Promise<unknown> {
    const own = this.#ownKey(key)
    if (own === null) return this.#rest.get(key, options)
    const written = this.writes.get(own)
    const value = written === undefined ? (this.#known.get(own) ?? null) : (written?.value ?? null)
    return value !== null && isJsonAsked(options) ? JSON.parse(value) : value
  }

  async put(key: string, value: string, options: PutOptions = {}): Promise<void> {
    const own = this.#ownKey(key)
    if (own === null) return this.#rest.put(key, value, options)
    const { expiration, expirationTtl } = options
    const fromNow = expirationTtl === undefined ? null : this.#nowSeconds() + expirationTtl
    this.writes.set(own, { value, expiresAtSeconds: expiration ?? fromNow })
  }

  async delete(key: string): Promise<void> {
    const own = this.#ownKey(key)
    if (own === null) return this.#rest.delete(key)
    this.writes.set(own, null)
  }

  async list(options: { prefix?: string; limit?: number; cursor?: string }): Promise<unknown> {
    // The library lists a grant's tokens only to delete them before the grant. The User deletes them with the grant.
    const [kind, owner, grant, rest, ...more] = (options.prefix ?? '').split(':')
    const isTokensOfGrant =
      kind === 'token' && owner === this.#owner && grant !== undefined && rest === '' && more.length === 0
    return isTokensOfGrant ? { keys: [], list_complete: true } : this.#rest.list(options)
  }

  /** `grant:<user>:<grant>` → `grant:<grant>`; null if the key is no record of this user. */
  #ownKey(key: string): string | null {
    const [kind = '', owner, ...rest] = key.split(':')
    return RECORD.test(key) && owner === this.#owner ? [kind, ...rest].join(':') : null
  }
}

/** Named, not inferred: an inferred type of the bindings would depend on the classes that are built with it. */
export interface ProviderEnv extends Omit<Env, 'OAUTH_KV'> {
  OAUTH_KV: ProviderStorage
  OAUTH_PROVIDER: undefined
}

/**
 * The only code that gives the OAuth library its storage. It clears `OAUTH_PROVIDER` on purpose:
 * the library leaves its helpers, bound to the first storage, on the env object and would reuse them.
 */
export const providerEnv = (env: Env, storage: ProviderStorage): ProviderEnv => ({
  ...env,
  OAUTH_KV: storage,
  OAUTH_PROVIDER: undefined,
})
