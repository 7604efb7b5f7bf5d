import { z } from 'zod'
import { sha256Hex } from '#lib/hash.ts'
import type { RequestLine } from './request-line.ts'

/** The methods of both revisions that a client may send. Any other word is the client's own and stays out of the log. */
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

const Asks = z.object({ method: z.string() })
const Answers = z.union([z.object({ result: z.unknown() }), z.object({ error: z.unknown() })])

/** A word for what a message is: its method where we know it. */
export function methodOf({ method }: Request, message: unknown): string {
  if (message === undefined) return method
  const asks = Asks.safeParse(message)
  if (asks.success) return METHODS.has(asks.data.method) ? asks.data.method : 'unknown'
  return Answers.safeParse(message).success ? 'answer' : 'none'
}

/** Enough to tell sessions apart, too little to be one. */
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

/** What an answer says of its call; false: the message is no answer. */
export function noteAnswer(line: RequestLine, message: unknown): boolean {
  const answer = Result.safeParse(message)
  if (answer.success) {
    const { _meta = {}, isError, resultType } = answer.data.result
    const outcome = isError === true ? 'refused' : resultType === 'input_required' ? 'asked' : 'done'
    line.note({ ...withoutGaps(_meta), outcome })
    return true
  }
  const failed = Failed.safeParse(message)
  if (failed.success) line.note({ ...withoutGaps(failed.data.error.data ?? {}), outcome: 'error' })
  return failed.success
}

const withoutGaps = ({ transaction, incident }: z.infer<typeof Meta>) => ({
  ...(transaction === undefined ? {} : { transaction }),
  ...(incident === undefined ? {} : { incident }),
})
