import { networkOf } from '#lib/addresses.ts'
import { type Counted, type Limiter, PlatformCounter } from './platform-counter.ts'

/** Codes and tokens of ours begin with user and grant (the library's storage schema). */
const TOKEN = /^([\w.-]{1,128}):([\w-]{16}):/

const byNetwork = (network: string): Counted => ({ key: `network ${network}`, facts: { network } })

/**
 * What a token says of itself, and the network that it came from: whoever holds an old token of somebody can make the
 * grant wait for himself, but not for its owner elsewhere.
 */
const byToken = (token: string, network: string): Counted | null => {
  const [, user, grant] = TOKEN.exec(token) ?? []
  if (user === undefined || grant === undefined) return null
  return { key: `grant ${user}:${grant} ${network}`, facts: { grant, network } }
}

/** What to answer instead, and when to come again. */
export type TooMany = (waitSeconds: number) => Response

/**
 * Counts what failed, and only that. All users of a hosted client come from a few addresses, so what succeeds is
 * never counted by address, and a network that is over its limit changes no answer but that of what failed anyway.
 */
export class Failures {
  readonly #counter: PlatformCounter
  readonly #confirmed = new WeakSet<Request>()
  readonly #noted = new WeakSet<Request>()

  constructor(limiter: Limiter, nowMs: () => number) {
    this.#counter = new PlatformCounter('failures', limiter, nowMs)
  }

  /** For what is certain to fail, before anything is looked up for it: counts it. Seconds to wait; 0: go on. */
  async count(request: Request): Promise<number> {
    return this.#counter.count(byNetwork(networkOf(request)))
  }

  /** Counts this request as a failure, although its answer is an ordinary page or a revocation that found nothing. */
  note(request: Request): void {
    this.#noted.add(request)
  }

  /** The answer, or another one where it is a failure too many. */
  async limit(request: Request, answer: Response, tooMany: TooMany): Promise<Response> {
    if (!isPageFailure(answer) && !this.#noted.has(request)) return answer
    return this.#count(byNetwork(networkOf(request)), answer, tooMany)
  }

  /** The grant of this request was found. Before that, its token may name a made-up grant. */
  confirm(request: Request): void {
    this.#confirmed.add(request)
  }

  /**
   * Around what a token is looked up for. What fails counts for the grant that is known to exist (`confirm`), else for
   * the network: who makes up another grant each time is still one network.
   */
  async limitToken(
    { request, token, isRetired }: { request: Request; token: string; isRetired: boolean },
    ask: () => Promise<Response>,
    tooMany: TooMany,
  ): Promise<Response> {
    const network = networkOf(request)
    const own = byToken(token, network)
    const waitSeconds = own === null ? 0 : this.#counter.waitSeconds(own)
    if (waitSeconds > 0) return tooMany(waitSeconds)
    const answer = await ask()
    if (!isFailure(answer) && !this.#noted.has(request)) return answer
    const isReal = isRetired || this.#confirmed.has(request)
    return this.#count(own !== null && isReal ? own : byNetwork(network), answer, tooMany)
  }

  async #count(counted: Counted, answer: Response, tooMany: TooMany): Promise<Response> {
    const waitSeconds = await this.#counter.count(counted)
    if (waitSeconds === 0) return answer
    await answer.body?.cancel()
    return tooMany(waitSeconds)
  }
}

/** Our own "no" to what somebody sent. Not what a good request is told in the course of things: 403 asks for more scope. */
const isFailure = ({ status }: Response): boolean => [400, 401, 404, 413, 415].includes(status)

/** A page that says 403 takes no form from elsewhere, and no stranger. */
const isPageFailure = (answer: Response): boolean => answer.status === 403 || isFailure(answer)
