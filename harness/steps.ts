/** One HTTP exchange, for observers of a journey. */
export interface Step {
  readonly from: 'client' | 'browser'
  readonly method: string
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  /** Milliseconds since 1970 when the request was sent and when the answer began. */
  readonly sentAtMs: number
  readonly answeredAtMs: number
}

export type OnStep = (step: Step) => void

/** A `fetch` that reports each exchange; redirects are ordinary answers. */
export const watchedFetch =
  (from: Step['from'], onStep: OnStep): typeof fetch =>
  async (input, init) => {
    const request = new Request(input, init)
    const sentAtMs = Date.now()
    const response = await fetch(request)
    onStep({
      from,
      method: request.method,
      url: new URL(request.url),
      status: response.status,
      headers: response.headers,
      sentAtMs,
      answeredAtMs: Date.now(),
    })
    return response
  }
