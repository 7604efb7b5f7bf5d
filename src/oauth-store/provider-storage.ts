import { retryOnce } from '#lib/retry-once.ts'
import type { Row } from '#users/base/row.ts'

/**
 * The library's storage, as far as it uses one. Registrations, CIMD documents and login transactions are in KV; the
 * records of a grant are in its User and are reached by one token request or one login at a time (GrantDraft).
 * A method that cannot be answered truthfully throws: a quiet empty answer would be a hole.
 */
export interface ProviderStorage {
  get(key: string, options?: unknown): Promise<unknown>
  put(key: string, value: string, options?: PutOptions): Promise<void>
  delete(key: string): Promise<void>
  list(options: { prefix?: string; limit?: number; cursor?: string }): Promise<unknown>
}

export interface PutOptions {
  expiration?: number
  expirationTtl?: number
  metadata?: unknown
}

const RECORD = /^(?:grant|token):/

const isJsonAsked = (options: unknown): boolean =>
  options === 'json' ||
  (typeof options === 'object' && options !== null && 'type' in options && options.type === 'json')

/** Everything but the records of grants, which throw. All of it bears being asked twice. */
export function kvStorage(kv: KVNamespace, deadlineMs: number): ProviderStorage {
  const ask = <T>(act: () => Promise<T>) => retryOnce(deadlineMs, act)
  const onlyOurs = (key: string) => {
    if (RECORD.test(key)) throw new Error('a record of a grant was asked for outside a token request')
  }
  return {
    async get(key, options) {
      onlyOurs(key)
      return ask(() => (isJsonAsked(options) ? kv.get(key, 'json') : kv.get(key)))
    },
    async put(key, value, options) {
      onlyOurs(key)
      await ask(() => kv.put(key, value, options))
    },
    async delete(key) {
      onlyOurs(key)
      await ask(() => kv.delete(key))
    },
    async list(options) {
      onlyOurs(options.prefix ?? 'grant:')
      return ask(() => kv.list(options))
    },
  }
}

/**
 * The storage of one request of a login. What the library uses up (a consent, a state) is deleted only when settle() is
 * called: after all else that this request needs of KV was read and written. So KV failing half way leaves the user's
 * form or address good, and what was read once is not asked for again after that.
 */
export class LoginStorage implements ProviderStorage {
  readonly #rest: ProviderStorage
  readonly #read = new Map<string, unknown>()
  readonly #usedUp = new Set<string>()

  constructor(rest: ProviderStorage) {
    this.#rest = rest
  }

  async get(key: string, options?: unknown): Promise<unknown> {
    if (this.#usedUp.has(key)) return null
    const name = `${isJsonAsked(options)} ${key}`
    if (!this.#read.has(name)) this.#read.set(name, await this.#rest.get(key, options))
    return this.#read.get(name)
  }

  async put(key: string, value: string, options?: PutOptions): Promise<void> {
    this.#read.clear()
    await this.#rest.put(key, value, options)
  }

  async delete(key: string): Promise<void> {
    this.#usedUp.add(key)
  }

  list(options: Parameters<ProviderStorage['list']>[0]): Promise<unknown> {
    return this.#rest.list(options)
  }

  async settle(): Promise<void> {
    for (const key of this.#usedUp) await this.#rest.delete(key)
  }
}

/** The storage of one registration: writes are held back until settle(), so that a registration can still be refused. */
export class HeldStorage implements ProviderStorage {
  readonly #rest: ProviderStorage
  readonly #held: Parameters<ProviderStorage['put']>[] = []

  constructor(rest: ProviderStorage) {
    this.#rest = rest
  }

  get(key: string, options?: unknown): Promise<unknown> {
    return this.#rest.get(key, options)
  }

  async put(...written: Parameters<ProviderStorage['put']>): Promise<void> {
    this.#held.push(written)
  }

  delete(key: string): Promise<void> {
    return this.#rest.delete(key)
  }

  list(options: Parameters<ProviderStorage['list']>[0]): Promise<unknown> {
    return this.#rest.list(options)
  }

  async settle(): Promise<void> {
    for (const written of this.#held) await this.#rest.put(...written)
  }
}

/**
 * The storage for one run of the library over one grant: reads a snapshot, keeps what is written. Nothing has
 * happened until the User takes `writes` in one commit.
 */
export class GrantDraft implements ProviderStorage {
  readonly writes = new Map<string, Row | null>()
  readonly #rest: ProviderStorage
  readonly #owner: string
  readonly #known: ReadonlyMap<string, string | null>
  readonly #nowSeconds: () => number

  /** `known` has the library's keys without the user's id, as the User keeps them. */
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
    // The library asks for a grant's tokens only to delete them one by one before the grant; the User takes them
    // along when the grant goes.
    const [kind, owner, grant, rest, ...more] = (options.prefix ?? '').split(':')
    const isTokensOfGrant =
      kind === 'token' && owner === this.#owner && grant !== undefined && rest === '' && more.length === 0
    return isTokensOfGrant ? { keys: [], list_complete: true } : this.#rest.list(options)
  }

  /** `grant:<user>:<grant>` → `grant:<grant>`; null for what is not this user's record. */
  #ownKey(key: string): string | null {
    const [kind = '', owner, ...rest] = key.split(':')
    return RECORD.test(key) && owner === this.#owner ? [kind, ...rest].join(':') : null
  }
}
