import type { Row } from './record-store.ts'

/**
 * The library's storage, as far as it uses one. Registrations, CIMD documents and login transactions are in KV; the
 * records of a grant are in its Person and are reached by one token request or one login at a time (GrantDraft).
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

/** Everything but the records of grants, which throw. */
export function kvStorage(kv: KVNamespace): ProviderStorage {
  const onlyOurs = (key: string) => {
    if (RECORD.test(key)) throw new Error('a record of a grant was asked for outside a token request')
  }
  return {
    async get(key, options) {
      onlyOurs(key)
      return isJsonAsked(options) ? kv.get(key, 'json') : kv.get(key)
    },
    async put(key, value, options) {
      onlyOurs(key)
      await kv.put(key, value, options)
    },
    async delete(key) {
      onlyOurs(key)
      await kv.delete(key)
    },
    async list(options) {
      onlyOurs(options.prefix ?? 'grant:')
      return kv.list(options)
    },
  }
}

/**
 * The storage for one run of the library over one grant: reads a snapshot, keeps what is written. Nothing has
 * happened until the Person takes `writes` in one commit.
 */
export class GrantDraft implements ProviderStorage {
  readonly writes = new Map<string, Row | null>()
  readonly #rest: ProviderStorage
  readonly #owner: string
  readonly #known: ReadonlyMap<string, string | null>
  readonly #nowSeconds: () => number

  /** `known` has the library's keys without the person's id, as the Person keeps them. */
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
    // The library asks for a grant's tokens only to delete them one by one before the grant; the Person takes them
    // along when the grant goes.
    const [kind, owner, grant, rest, ...more] = (options.prefix ?? '').split(':')
    const isTokensOfGrant =
      kind === 'token' && owner === this.#owner && grant !== undefined && rest === '' && more.length === 0
    return isTokensOfGrant ? { keys: [], list_complete: true } : this.#rest.list(options)
  }

  /** `grant:<person>:<grant>` → `grant:<grant>`; null for what is not this person's record. */
  #ownKey(key: string): string | null {
    const [kind = '', owner, ...rest] = key.split(':')
    return RECORD.test(key) && owner === this.#owner ? [kind, ...rest].join(':') : null
  }
}
