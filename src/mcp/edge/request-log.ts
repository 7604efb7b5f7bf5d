import { z } from 'zod'
import { newIncident } from '#lib/trace.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import { sha256Hex } from '#lib/hash.ts'

/** The fields of a request's log line: our own ids and names, never content of the request or answer. */
interface RequestFacts {
  grant?: string
  client?: string
  transport?: 'stateless' | 'session'
  /** A short hash: the full id opens the session for its owner. */
  session?: string
  method?: string
  /** The tool, resource or prompt; only names of the product. */
  name?: string
  transaction?: string
  incident?: string
  /** Of a tool call or read: done, refused, asked (waits for the user), error, or cut. */
  outcome?: string
}

/** One log line for each request of /mcp (docs/operate.md), written when the status is known or when a stream ends. */
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

  /** Delays the line until `release`, for an outcome at the end of a stream. */
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

/** Keyed by the request object, which the resource server passes on unchanged. */
const lines = new WeakMap<Request, RequestLine>()

/** The line of a request; a request without one gets a line that is never written. */
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

/** The methods of both revisions. Any other name is the client's text and stays out of the log. */
const METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'subscriptions/listen',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
])

const WithMethod = z.object({ method: z.string() })
const AnyAnswer = z.union([z.object({ result: z.unknown() }), z.object({ error: z.unknown() })])

/** The kind of a message for the log: its method when known. */
export function methodOf({ method }: Request, message: unknown): string {
  if (message === undefined) return method
  const request = WithMethod.safeParse(message)
  if (request.success) return METHODS.has(request.data.method) ? request.data.method : 'unknown'
  return AnyAnswer.safeParse(message).success ? 'answer' : 'none'
}

/** Tells sessions apart, but opens none. */
export const shortHashOf = async (session: string): Promise<string> => (await sha256Hex(session)).slice(0, 16)

const Meta = z.object({ transaction: z.string().optional(), incident: z.string().optional() })
const Result = z.object({
  result: z.object({
    _meta: Meta.optional().catch(undefined),
    isError: z.boolean().optional().catch(undefined),
    resultType: z.string().optional().catch(undefined),
  }),
})
const Failed = z.object({ error: z.object({ data: Meta.optional().catch(undefined) }) })

/** Notes the outcome of an answer on the line; false when the message is no answer. */
export function noteAnswer(line: RequestLine | null, message: unknown): boolean {
  const answer = Result.safeParse(message)
  if (answer.success) {
    const { _meta = {}, isError, resultType } = answer.data.result
    const outcome = isError === true ? 'refused' : resultType === 'input_required' ? 'asked' : 'done'
    line?.note({ ...withoutGaps(_meta), outcome })
    return true
  }
  const failed = Failed.safeParse(message)
  if (failed.success) line?.note({ ...withoutGaps(failed.data.error.data ?? {}), outcome: 'error' })
  return failed.success
}

const withoutGaps = ({ transaction, incident }: z.infer<typeof Meta>) => ({
  ...(transaction === undefined ? {} : { transaction }),
  ...(incident === undefined ? {} : { incident }),
})

/** Logs an error and returns its incident id, the only part that leaves the server. */
export function report(event: string, error: unknown, facts: Record<string, unknown>): string {
  const incident = newIncident()
  const detail = error instanceof Error ? redacted(`${error.name}: ${error.message}`) : 'not an error'
  log.error(event, { incident, detail, ...facts })
  return incident
}
