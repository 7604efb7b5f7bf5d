import { Agent, request } from 'node:http'

/** A request that can be sent repeatedly. */
export interface PreparedRequest {
  readonly origin: string
  readonly path: string
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  /** A function makes the body of each request. */
  readonly body?: string | (() => string)
  /** An answer without this text counts as an error. */
  readonly expects: string
}

export const CONNECTIONS = 16
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
const DEADLINE_MS = 10_000

/** Sends it on a warm connection and reads the full answer; returns the duration in milliseconds. */
export async function send(prepared: PreparedRequest): Promise<number> {
  const startMs = performance.now()
  const { status, text } = await exchange(prepared)
  const tookMs = performance.now() - startMs
  if (status === 200 && text.includes(prepared.expects)) return tookMs
  throw new Error(`${prepared.method} ${prepared.origin}${prepared.path}: ${status} ${text.slice(0, 300)}`)
}

interface ExchangeResult {
  readonly status: number
  readonly text: string
  readonly header: (name: string) => string
}

// Uses plain node:http: on two cores a heavier client would measure itself.
export const exchange = ({ origin, path, method, headers, body }: Omit<PreparedRequest, 'expects'>) =>
  new Promise<ExchangeResult>((resolve, reject) => {
    const sent = request(`${origin}${path}`, { agent, method, headers, timeout: DEADLINE_MS }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.once('error', reject)
      answer.once('end', () => {
        const header = (name: string) => String(answer.headers[name] ?? '')
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString(), header })
      })
    })
    sent.once('timeout', () => sent.destroy(new Error(`no answer from ${origin}${path}`)))
    sent.once('error', reject)
    sent.end(typeof body === 'function' ? body() : body)
  })

/** Closes all connections, so that a server can end. */
export const closeConnections = (): void => agent.destroy()

/** One caller per request; each repeats its request without pause. Returns calls per second. */
export async function rateOf(
  callers: readonly PreparedRequest[],
  forMs: number,
  signal: AbortSignal,
): Promise<number> {
  const startMs = performance.now()
  let answered = 0
  const repeat = async (prepared: PreparedRequest) => {
    while (performance.now() - startMs < forMs) {
      signal.throwIfAborted()
      await send(prepared)
      answered += 1
    }
  }
  await Promise.all(callers.map(repeat))
  return answered / ((performance.now() - startMs) / 1000)
}

/** Sends requests sequentially for the given time; returns each duration. */
export async function sendFor(
  prepared: PreparedRequest,
  forMs: number,
  signal: AbortSignal,
): Promise<number[]> {
  const startMs = performance.now()
  const taken: number[] = []
  while (performance.now() - startMs < forMs) {
    signal.throwIfAborted()
    taken.push(await send(prepared))
  }
  return taken
}

/** Sends each request once, sequentially. */
export async function sendEach(requests: readonly PreparedRequest[], signal: AbortSignal): Promise<number[]> {
  const taken: number[] = []
  for (const prepared of requests) {
    signal.throwIfAborted()
    taken.push(await send(prepared))
  }
  return taken
}
