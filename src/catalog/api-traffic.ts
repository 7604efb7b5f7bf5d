import type { ApiFacts } from '#events/call-facts.ts'
import type { Fetch } from '#lib/bounded-fetch.ts'

/** The headers in which APIs send an id of their own. */
const CORRELATION_HEADERS = ['correlation-id', 'x-correlation-id']
const CORRELATION = /^[!-~]{1,64}$/

/** What one call sends to the API and gets from it, for the audit log. The product's client does not know of it. */
export class ApiTraffic {
  readonly #nowMs: () => number
  #requests = 0
  #ms = 0
  #bytesSent = 0
  #bytesReceived = 0
  #last: { status: number; correlation: string | undefined } | null = null

  constructor(nowMs: () => number = () => Date.now()) {
    this.#nowMs = nowMs
  }

  /** undefined: no request was sent. `ms`: until each answer began. */
  get facts(): ApiFacts | undefined {
    if (this.#requests === 0) return undefined
    const { status, correlation } = this.#last ?? {}
    return {
      requests: this.#requests,
      ...(status === undefined ? {} : { status }),
      ms: this.#ms,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      ...(correlation === undefined ? {} : { correlation }),
    }
  }

  /** The same fetch, observed. */
  readonly observed =
    (fetch: Fetch): Fetch =>
    async (input, init) => {
      const request = input instanceof Request && init === undefined ? input : new Request(input, init)
      this.#requests += 1
      this.#countSent(request)
      const beganMs = this.#nowMs()
      try {
        const response = await fetch(request)
        this.#last = { status: response.status, correlation: correlationOf(response) }
        return this.#countReceived(response)
      } finally {
        this.#ms += Math.max(0, Math.round(this.#nowMs() - beganMs))
      }
    }

  #countSent(request: Request): void {
    if (request.body === null) return
    const length = lengthOf(request)
    if (length !== null) {
      this.#bytesSent += length
      return
    }
    // A copy is read beside the request, which is sent as it is.
    const copy = request.clone()
    void copy.arrayBuffer().then(
      ({ byteLength }) => {
        this.#bytesSent += byteLength
      },
      () => {},
    )
  }

  #countReceived(response: Response): Response {
    if (response.body === null) return response
    const length = lengthOf(response)
    if (length !== null) {
      this.#bytesReceived += length
      return response
    }
    const reader = response.body.getReader()
    const counted = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = await reader.read()
          if (done) {
            controller.close()
            return
          }
          this.#bytesReceived += value.byteLength
          controller.enqueue(value)
        },
        cancel: (reason) => reader.cancel(reason),
      },
      // Nothing is read before the client reads.
      { highWaterMark: 0 },
    )
    return new Response(counted, response)
  }
}

function lengthOf({ headers }: Request | Response): number | null {
  const length = headers.get('content-length') ?? ''
  return /^\d{1,15}$/.test(length) ? Number(length) : null
}

const correlationOf = ({ headers }: Response): string | undefined =>
  CORRELATION_HEADERS.map((name) => headers.get(name)).find((id) => id !== null && CORRELATION.test(id)) ??
  undefined
