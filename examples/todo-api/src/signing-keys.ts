import {
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
  type LocalJWKSet,
} from 'jose'
import { z } from 'zod'

import { readBounded } from './read-bounded.ts'

const FRESH_MS = 10 * 60_000
/** How long cached keys are used while the issuer is unreachable. */
const USABLE_MS = 60 * 60_000
/** The shortest time between two fetches for unknown key ids, because strangers choose key ids. */
const UNKNOWN_KEY_PAUSE_MS = 10_000
const FAILURE_PAUSE_MS = 1_000
const DEADLINE_MS = 5_000
const MAX_BYTES = 64 * 1024

const KeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) })

/** The token can be neither accepted nor rejected. */
export class KeysUnreachable extends Error {
  override name = 'KeysUnreachable'
}

type Deps = { readonly fetch: typeof fetch; readonly now: () => number; readonly deadlineMs: number }

/** The public keys of one issuer, fetched from `<issuer>/jwks` and cached per isolate. */
export class SigningKeys {
  readonly #url: string
  readonly #deps: Deps
  #cached: { readonly find: LocalJWKSet; readonly fetchedAtMs: number } | undefined
  #pending: { readonly answer: Promise<LocalJWKSet>; readonly sinceMs: number } | undefined
  #failedAtMs: number | undefined
  #fetchedForUnknownAtMs = -Infinity

  constructor(issuer: string, deps: Partial<Deps> = {}) {
    this.#url = `${issuer}/jwks`
    this.#deps = {
      fetch: (input, init) => fetch(input, init),
      now: () => Date.now(),
      deadlineMs: DEADLINE_MS,
      ...deps,
    }
  }

  /** Finds the key that a token names. Throws KeysUnreachable, or jose's error if there is no such key. */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const find = await this.#current()
    try {
      return await find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
    }
    // The issuer may have rotated its keys since they were fetched.
    const refetched = await this.#refetch()
    return refetched(header, token)
  }

  async #current(): Promise<LocalJWKSet> {
    const now = this.#deps.now()
    const cached = this.#cached
    if (cached === undefined || now - cached.fetchedAtMs >= USABLE_MS) {
      if (this.#hasFailedWithin(FAILURE_PAUSE_MS))
        throw new KeysUnreachable('The last attempt has just failed')
      return this.#fetchOnce()
    }
    if (now - cached.fetchedAtMs < FRESH_MS) return cached.find
    // One request fetches new keys; the others use the cached ones, and so does that one on failure.
    if (this.#isPending() || this.#hasFailedWithin(UNKNOWN_KEY_PAUSE_MS)) return cached.find
    return this.#fetchOnce().catch(() => cached.find)
  }

  async #refetch(): Promise<LocalJWKSet> {
    const now = this.#deps.now()
    if (this.#isPending() || now - this.#fetchedForUnknownAtMs >= UNKNOWN_KEY_PAUSE_MS) {
      this.#fetchedForUnknownAtMs = now
      return this.#fetchOnce()
    }
    // Within the pause, a key is unknown only if the last fetch succeeded.
    if (this.#cached === undefined || this.#failedAtMs !== undefined) {
      throw new KeysUnreachable('The last attempt failed')
    }
    return this.#cached.find
  }

  /**
   * Shares one fetch between requests. A fetch in Workers ends silently with the request that started it, so each
   * request waits at most until the deadline, and the next one may start another fetch.
   */
  #fetchOnce(): Promise<LocalJWKSet> {
    const pending = this.#isPending() ? this.#pending : undefined
    const answer = pending?.answer ?? this.#fetchKeys()
    this.#pending = pending ?? { answer, sinceMs: this.#deps.now() }
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => late.reject(new KeysUnreachable('No answer in time')),
      this.#deps.deadlineMs,
    )
    return Promise.race([answer, late.promise]).finally(() => clearTimeout(timer))
  }

  async #fetchKeys(): Promise<LocalJWKSet> {
    try {
      const find = createLocalJWKSet(await this.#fetchKeySet())
      this.#cached = { find, fetchedAtMs: this.#deps.now() }
      this.#failedAtMs = undefined
      return find
    } catch (cause) {
      this.#failedAtMs = this.#deps.now()
      throw new KeysUnreachable('The keys of the issuer cannot be fetched', { cause })
    } finally {
      this.#pending = undefined
    }
  }

  async #fetchKeySet(): Promise<z.infer<typeof KeySet>> {
    const response = await this.#deps.fetch(this.#url, {
      headers: { Accept: 'application/json' },
      // Keys must come from the issuer's own address.
      redirect: 'manual',
      // Also aborts a slow body.
      signal: AbortSignal.timeout(this.#deps.deadlineMs),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new Error(`The issuer answered ${response.status}`)
    }
    const bytes = await readBounded(response.body, MAX_BYTES)
    if (bytes === undefined) {
      await response.body?.cancel()
      throw new Error(`The issuer answered more than ${MAX_BYTES} bytes`)
    }
    return KeySet.parse(JSON.parse(new TextDecoder().decode(bytes)))
  }

  #isPending(): boolean {
    return this.#pending !== undefined && this.#deps.now() - this.#pending.sinceMs < this.#deps.deadlineMs
  }

  #hasFailedWithin(pauseMs: number): boolean {
    return this.#failedAtMs !== undefined && this.#deps.now() - this.#failedAtMs < pauseMs
  }
}
