import { log } from '#lib/log.ts'

/** What one line of the log says of a request: ids and names of ours, never what was asked for or answered. */
interface RequestFacts {
  grant?: string
  client?: string
  transport?: 'stateless' | 'session'
  /** A short hash: the id itself opens the session for its owner. */
  session?: string
  method?: string
  /** The tool, resource or prompt: only a name that we gave. */
  name?: string
  transaction?: string
  incident?: string
  /** Of a tool or reading: done, refused, asked (the user is being asked), error, or cut off. */
  outcome?: string
}

/** One line for each request of /mcp (docs/operate.md). It is written when the status is known, or when a stream ends. */
export class RequestLine {
  readonly #nowMs: () => number
  readonly #beganMs: number
  #facts: RequestFacts = {}
  #status: number | null = null
  #isHeld = false

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
    this.#beganMs = nowMs()
  }

  note(facts: RequestFacts): void {
    this.#facts = { ...this.#facts, ...facts }
  }

  /** What matters comes later in the answer: whoever reads it says when. */
  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
    if (this.#status !== null) this.#write(this.#status)
  }

  answered(status: number): void {
    this.#status = status
    if (!this.#isHeld) this.#write(status)
  }

  #write(status: number): void {
    const outcome = this.#facts.outcome ?? (status < 400 ? 'answered' : status < 500 ? 'refused' : 'failed')
    const ms = Math.round(this.#nowMs() - this.#beganMs)
    log.info('mcp.answered', { ...this.#facts, outcome, status, ms })
  }
}

/** By the request object, which the resource server hands on as it is; the same way as in stateless.ts. */
const lines = new WeakMap<Request, RequestLine>()

/** For whoever serves the request, behind the resource server. One that nobody logs gets a line that is never written. */
export const lineOf = (request: Request): RequestLine => lines.get(request) ?? new RequestLine(() => 0)

export async function logRequest(
  request: Request,
  nowMs: () => number,
  answer: () => Response | Promise<Response>,
): Promise<Response> {
  const line = new RequestLine(nowMs)
  lines.set(request, line)
  try {
    const response = await answer()
    line.answered(response.status)
    return response
  } catch (error) {
    line.answered(500)
    throw error
  }
}
