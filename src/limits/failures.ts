import { networkOf } from '#lib/addresses.ts'
import { readIssuedToken } from '#lib/issued-token.ts'
import { type CountedKey, type Limiter, PlatformCounter } from './platform-counter.ts'

const byNetwork = (network: string): CountedKey => ({ key: `network ${network}`, facts: { network } })

/**
 * The grant that a token names, and the network that it came from: an attacker with an old token can limit the grant
 * only from his own network.
 */
const byGrant = (token: string, network: string): CountedKey | null => {
  const issued = readIssuedToken(token)
  if (issued === null) return null
  const { user, grant } = issued
  return { key: `grant ${user}:${grant} ${network}`, facts: { grant, network } }
}

/** Makes the answer for a request over its limit, with the time to wait. */
export type LimitAnswer = (waitSeconds: number) => Response

/**
 * Counts failed requests only. All users of a hosted client share a few addresses, so successful requests are never
 * counted by address, and a network over its limit gets other answers only for requests that failed.
 */
export class Failures {
  readonly #counter: PlatformCounter
  readonly #confirmed = new WeakSet<Request>()
  readonly #noted = new WeakSet<Request>()

  constructor(limiter: Limiter, nowMs: () => number) {
    this.#counter = new PlatformCounter('failures', limiter, nowMs)
  }

  /** Counts a request that is certain to fail, before any lookup. Returns the seconds to wait; 0: continue. */
  async count(request: Request): Promise<number> {
    return this.#counter.count(byNetwork(networkOf(request)))
  }

  /** Marks a request as failed although its answer is a page, or a revocation that found nothing. */
  note(request: Request): void {
    this.#noted.add(request)
  }

  /** Replaces the answer of a failure that is over the limit. */
  async limit(request: Request, answer: Response, tooMany: LimitAnswer): Promise<Response> {
    if (!isPageFailure(answer) && !this.#noted.has(request)) return answer
    return this.#count(byNetwork(networkOf(request)), answer, tooMany)
  }

  /** Records that the request's grant exists; until then its token may name an invented one. */
  confirm(request: Request): void {
    this.#confirmed.add(request)
  }

  /**
   * Limits a token lookup. A failure counts for the grant if it exists (`confirm`), otherwise for the network, so that
   * invented grants do not escape the limit.
   */
  async limitToken(
    { request, token, isRetired }: { request: Request; token: string; isRetired: boolean },
    lookUp: () => Promise<Response>,
    tooMany: LimitAnswer,
  ): Promise<Response> {
    const network = networkOf(request)
    const own = byGrant(token, network)
    const waitSeconds = own === null ? 0 : this.#counter.waitSeconds(own)
    if (waitSeconds > 0) return tooMany(waitSeconds)
    const answer = await lookUp()
    if (!isFailure(answer) && !this.#noted.has(request)) return answer
    const isReal = isRetired || this.#confirmed.has(request)
    return this.#count(own !== null && isReal ? own : byNetwork(network), answer, tooMany)
  }

  async #count(counted: CountedKey, answer: Response, tooMany: LimitAnswer): Promise<Response> {
    const waitSeconds = await this.#counter.count(counted)
    if (waitSeconds === 0) return answer
    await answer.body?.cancel()
    return tooMany(waitSeconds)
  }
}

/** The statuses of failed requests. Not 403: a valid request gets it as a scope challenge. */
const isFailure = ({ status }: Response): boolean => [400, 401, 404, 413, 415].includes(status)

/** A page answers 403 for a form of another site and for a client that is not admitted. */
const isPageFailure = (answer: Response): boolean => answer.status === 403 || isFailure(answer)
