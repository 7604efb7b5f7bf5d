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
/** How long keys serve on while the issuer cannot be reached. */
const USABLE_MS = 60 * 60_000
/** An unknown key id asks the issuer at once, but then not again for this long: strangers choose key ids. */
const UNKNOWN_KEY_PAUSE_MS = 10_000
const FAILURE_PAUSE_MS = 1_000
const DEADLINE_MS = 5_000
const MAX_BYTES = 64 * 1024

const KeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) })

/** Nothing can be said about a token: neither that it is good nor that it is bad. */
export class KeysUnreachable extends Error {
  override name = 'KeysUnreachable'
}

type Deps = { readonly fetch: typeof fetch; readonly now: () => number; readonly deadlineMs: number }

/** The public keys of one issuer, fetched from issuer + `/jwks` and kept for all requests of this isolate. */
export class SigningKeys {
  readonly #url: string
  readonly #deps: Deps
  #held: { readonly find: LocalJWKSet; readonly fetchedAtMs: number } | undefined
  #asking: { readonly answer: Promise<LocalJWKSet>; readonly sinceMs: number } | undefined
  #failedAtMs: number | undefined
  #askedForUnknownAtMs = -Infinity

  constructor(issuer: string, deps: Partial<Deps> = {}) {
    this.#url = `${issuer}/jwks`
    this.#deps = {
      fetch: (input, init) => fetch(input, init),
      now: () => Date.now(),
      deadlineMs: DEADLINE_MS,
      ...deps,
    }
  }

  /** The key that a token names. Throws what jose throws when there is none, and KeysUnreachable. */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const find = await this.#current()
    try {
      return await find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
    }
    // The issuer may have rotated its keys since they were fetched.
    const refetched = await this.#refetched()
    return refetched(header, token)
  }

  async #current(): Promise<LocalJWKSet> {
    const now = this.#deps.now()
    const held = this.#held
    if (held === undefined || now - held.fetchedAtMs >= USABLE_MS) {
      if (this.#hasFailedWithin(FAILURE_PAUSE_MS))
        throw new KeysUnreachable('The last attempt has just failed')
      return this.#ask()
    }
    if (now - held.fetchedAtMs < FRESH_MS) return held.find
    // One request tries for new keys; the others go on with the old ones, and so does that one if it fails.
    if (this.#isAsking() || this.#hasFailedWithin(UNKNOWN_KEY_PAUSE_MS)) return held.find
    return this.#ask().catch(() => held.find)
  }

  async #refetched(): Promise<LocalJWKSet> {
    const now = this.#deps.now()
    if (this.#isAsking() || now - this.#askedForUnknownAtMs >= UNKNOWN_KEY_PAUSE_MS) {
      this.#askedForUnknownAtMs = now
      return this.#ask()
    }
    // Within the pause, "unknown" is only an answer if the last attempt brought the issuer's keys.
    if (this.#held === undefined || this.#failedAtMs !== undefined) {
      throw new KeysUnreachable('The last attempt failed')
    }
    return this.#held.find
  }

  /**
   * One fetch for all who need it now. In Workers a fetch ends with the request that began it, without a word to
   * the others: so each waits no longer than the deadline, and after it the next one may begin another fetch.
   */
  #ask(): Promise<LocalJWKSet> {
    const asking = this.#isAsking() ? this.#asking : undefined
    const answer = asking?.answer ?? this.#fetchKeys()
    this.#asking = asking ?? { answer, sinceMs: this.#deps.now() }
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
      this.#held = { find, fetchedAtMs: this.#deps.now() }
      this.#failedAtMs = undefined
      return find
    } catch (cause) {
      this.#failedAtMs = this.#deps.now()
      throw new KeysUnreachable('The keys of the issuer cannot be fetched', { cause })
    } finally {
      this.#asking = undefined
    }
  }

  async #fetchKeySet(): Promise<z.infer<typeof KeySet>> {
    const response = await this.#deps.fetch(this.#url, {
      headers: { Accept: 'application/json' },
      // Keys come from the address of the issuer or not at all.
      redirect: 'manual',
      // The signal ends a slow body too, not only a slow answer.
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

  #isAsking(): boolean {
    return this.#asking !== undefined && this.#deps.now() - this.#asking.sinceMs < this.#deps.deadlineMs
  }

  #hasFailedWithin(pauseMs: number): boolean {
    return this.#failedAtMs !== undefined && this.#deps.now() - this.#failedAtMs < pauseMs
  }
}
