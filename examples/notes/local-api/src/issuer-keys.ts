import { createLocalJWKSet, errors, type FlattenedJWSInput, type JWSHeaderParameters } from 'jose'
import { z } from 'zod'

const FRESH_MS = 10 * 60_000
/** Strangers choose key ids, so an unknown one asks the issuer only so often. */
const PAUSE_MS = 10_000
const DEADLINE_MS = 5_000

const KeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) })

/** The issuer gave no keys: the token is neither good nor bad. */
export class KeysUnreachable extends Error {
  override name = 'KeysUnreachable'
}

/** The issuer's public keys, cached per isolate. A fetch is never shared between requests, because workerd forbids that. */
export class IssuerKeys {
  readonly #url: string
  #keys: ReturnType<typeof createLocalJWKSet> | undefined
  #fetchedAtMs = -Infinity

  constructor(issuer: string) {
    this.#url = `${issuer}/jwks`
  }

  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    const age = Date.now() - this.#fetchedAtMs
    const keys = this.#keys === undefined || age > FRESH_MS ? await this.#fetch() : this.#keys
    try {
      return await keys(header, token)
    } catch (error) {
      // The issuer may have rotated its keys.
      if (!(error instanceof errors.JWKSNoMatchingKey) || age < PAUSE_MS) throw error
    }
    const renewed = await this.#fetch()
    return renewed(header, token)
  }

  async #fetch() {
    try {
      const signal = AbortSignal.timeout(DEADLINE_MS)
      const response = await fetch(this.#url, { redirect: 'manual', signal })
      if (response.status !== 200) throw new Error(`status ${response.status}`)
      this.#keys = createLocalJWKSet(KeySet.parse(await response.json()))
      this.#fetchedAtMs = Date.now()
      return this.#keys
    } catch (cause) {
      throw new KeysUnreachable('the issuer gave no keys', { cause })
    }
  }
}
