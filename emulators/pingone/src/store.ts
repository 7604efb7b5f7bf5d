import type { JWK } from 'jose'
import { normalSwitches, type Switches } from './switches.ts'

/** Stored records. Times are seconds since 1970, without clock skew. */

export interface Account {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly name: string
  readonly givenName: string | undefined
  readonly familyName: string | undefined
  /** Undefined: the demo password. */
  readonly password: { readonly salt: string; readonly hash: string } | undefined
}

/** Claims that attribute mappings put into a user's ID token. */
export type MappedClaims = Readonly<Record<string, unknown>>

/** One user in one browser. Its refresh tokens end with it. */
export interface BrowserSession {
  readonly sid: string
  /** The cookie is `<sid>.<secret>`. */
  readonly secret: string
  readonly username: string
  readonly authTimeSeconds: number
  readonly lastUsedSeconds: number
}

/** A checked authorization request. */
export interface AuthorizationRequest {
  readonly redirectUri: string
  /** All requested scopes, in the order of the request. */
  readonly scopes: readonly string[]
  readonly state: string | undefined
  readonly nonce: string | undefined
  readonly codeChallenge: string
  readonly policyId: string
  readonly prompt: string | undefined
  readonly maxAgeSeconds: number | undefined
  /** The MCP client, as the application names it for the flow's screens. */
  readonly shownClient: { readonly name: string; readonly host: string } | undefined
}

/** The outcome of a flow; the switch `flowError` overrides it. */
type FlowOutcome =
  | { readonly kind: 'success'; readonly scopes: readonly string[] }
  | { readonly kind: 'error'; readonly error: string; readonly description: string }

export interface Flow {
  readonly id: string
  /** The value of the browser cookie. */
  readonly browser: string
  readonly csrf: string
  readonly request: AuthorizationRequest
  readonly sid: string | undefined
  /** True if the user signed on in this flow, false if an earlier session was used. */
  readonly isSignedOnHere: boolean
  readonly outcome: FlowOutcome | undefined
  readonly expiresAtSeconds: number
}

/** One login of one user: the root of a code and all its tokens. */
export interface Grant {
  readonly username: string
  readonly sid: string
  readonly policyId: string
  readonly scopes: readonly string[]
  readonly authTimeSeconds: number
}

export interface Code {
  readonly given: Grant
  readonly redirectUri: string
  readonly codeChallenge: string
  readonly nonce: string | undefined
  readonly expiresAtSeconds: number
  readonly isUsed: boolean
  /** The family of the first use, which a second use ends. */
  readonly familyId: string | undefined
}

/** A refresh token and its successors. */
export interface RefreshFamily {
  readonly id: string
  readonly given: Grant
  readonly createdSeconds: number
  readonly rotations: number
  /** Undefined while the family is alive. */
  readonly endedBecause: 'replayed' | 'revoked' | 'code used twice' | 'session ended' | undefined
}

export interface RefreshToken {
  readonly familyId: string
  readonly expiresAtSeconds: number
  /** When it was rotated. */
  readonly usedAtSeconds: number | undefined
}

/** Stored by `jti`. `given` is undefined for client credentials. */
export interface AccessToken {
  readonly given: Grant | undefined
  readonly scope: string
  readonly expiresAtSeconds: number
}

/** Parameters pushed to /par. */
interface PushedRequest {
  readonly parameters: readonly (readonly [string, string])[]
  readonly expiresAtSeconds: number
}

/** The text of a fetched JWKS. */
interface FetchedKeys {
  readonly text: string
  readonly atSeconds: number
}

export interface StoredKey {
  readonly kid: string
  readonly privateJwk: JWK
  readonly createdSeconds: number
  readonly isActive: boolean
}

/** Records of one kind. All methods are synchronous, so a read and the next write are atomic. */
class Collection<T> {
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

export type Store = ReturnType<typeof openStore>

export function openStore(kv: SyncKvStorage) {
  return {
    accounts: new Collection<Account>(kv, 'account'),
    /** Changed memberships, by username. */
    groups: new Collection<readonly string[]>(kv, 'groups'),
    /** Claims of attribute mappings, by username. */
    claims: new Collection<MappedClaims>(kv, 'claims'),
    sessions: new Collection<BrowserSession>(kv, 'session'),
    flows: new Collection<Flow>(kv, 'flow'),
    codes: new Collection<Code>(kv, 'code'),
    families: new Collection<RefreshFamily>(kv, 'family'),
    refreshTokens: new Collection<RefreshToken>(kv, 'refresh'),
    accessTokens: new Collection<AccessToken>(kv, 'access'),
    /** The API scopes that a user has consented to, by username. There is only one application. */
    consents: new Collection<readonly string[]>(kv, 'consent'),
    pushed: new Collection<PushedRequest>(kv, 'pushed'),
    /** Expiry of used client assertions, by `jti`. */
    assertions: new Collection<number>(kv, 'assertion'),
    keys: new Collection<StoredKey>(kv, 'key'),
    /** Cached public keys of the application, by URL. */
    clientKeys: new Collection<FetchedKeys>(kv, 'client keys'),
    switches: new Collection<Switches>(kv, 'switches'),
    timeline: new Collection<TimelineEntry>(kv, 'timeline'),
    /** Requests by endpoint, token requests by grant type, timeline entries, time of the last sweep. */
    counts: new Collection<number>(kv, 'count'),
  }
}

/** The current switches. A switch that is missing in storage has its default. */
export const readSwitches = ({ switches }: Store): Switches => ({ ...normalSwitches, ...switches.get('now') })

/** One request on the control page. */
export interface TimelineEntry {
  readonly at: string
  readonly endpoint: string
  readonly method: string
  /** Parameters by name; secrets are `(hidden)`. */
  readonly asked: Readonly<Record<string, string>>
  readonly status: number
  readonly reason: string
  readonly correlationId: string
}

/** Deletes expired records, at most once a minute, so that storage stays small. */
export function sweep(store: Store, nowSeconds: number): void {
  if (nowSeconds - (store.counts.get('swept at') ?? 0) < 60) return
  store.counts.put('swept at', nowSeconds)
  const collections = [store.flows, store.codes, store.pushed, store.accessTokens, store.refreshTokens]
  for (const collection of collections) {
    for (const [id, record] of collection.all())
      if (record.expiresAtSeconds <= nowSeconds) collection.delete(id)
  }
  for (const [id, expiresAtSeconds] of store.assertions.all()) {
    if (expiresAtSeconds <= nowSeconds) store.assertions.delete(id)
  }
}
