import type { Confirmation } from '#catalog/confirmation.ts'
import { type Consent, noConsent, subjectOf, readReply } from '../calls/consent.ts'
import { type Answered, type EnteredCall, toToolResult } from '../calls/invoke-tool.ts'
import { failure, type ToolResult } from '../calls/tool-result.ts'

/** Below the SDK clients' timeout of 60 s: no effect after the client has given up. */
export const ANSWER_MS = 50_000

/**
 * `unanswered`: timeout, or the stream closed. `not_asked`: the client sent an error or an invalid answer; it is then
 * treated as a client that cannot show questions (docs/decisions/0007-asking-the-user.md).
 */
type Reply = 'agreed' | 'declined' | 'unanswered' | 'not_asked'

/** Replaces an error that a client sends as its answer to a question (session-edge.ts). */
export const COULD_NOT_ASK = { couldNotAsk: true } as const

/**
 * Session transport: sends the question on the stream of the call, and the call waits for the answer. After it the call
 * begins again (`run` without `entered`), so that every check is repeated.
 */
export async function askInSession(
  run: (consent: Consent, entered?: EnteredCall) => Promise<Answered>,
  entered: EnteredCall | undefined,
  ask: ((confirmation: Confirmation) => Promise<Reply>) | null,
): Promise<ToolResult> {
  const answered = await run({ canAsk: ask !== null, given: null }, entered)
  const { answer, transaction } = answered
  if (ask === null || answer.ok || answer.error.reason !== 'unconfirmed') return toToolResult(answered)
  const { confirmation } = answer.error
  const reply = await ask(confirmation)
  if (reply === 'not_asked') return toToolResult(await run(noConsent))
  if (reply !== 'agreed') return failure({ reason: reply }, transaction, answered.words)
  return toToolResult(await run({ canAsk: true, given: await subjectOf(confirmation) }))
}

/** The open questions of one session, each with the grant of its call. */
export class OpenQuestions {
  readonly #open = new Map<AbortController, string>()

  /** Resolves on an answer, on timeout, when the call is cancelled, or when another grant takes over. */
  async ask(
    { grant, signal, ms }: { grant: string; signal: AbortSignal; ms: number },
    elicit: () => Promise<unknown>,
  ): Promise<Reply> {
    const question = new AbortController()
    this.#open.set(question, grant)
    const { promise, resolve } = Promise.withResolvers<null>()
    const stop = () => resolve(null)
    question.signal.addEventListener('abort', stop)
    signal.addEventListener('abort', stop)
    const timer = setTimeout(stop, ms)
    try {
      const reply = await Promise.race([elicit().catch(() => null), promise])
      if (reply === null || signal.aborted || question.signal.aborted) return 'unanswered'
      return readReply(reply)
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      this.#open.delete(question)
    }
  }

  /** Only the grant that was asked may answer (invariant 2). */
  closeAllBut(grant: string): void {
    for (const [question, asked] of this.#open) if (asked !== grant) question.abort()
  }
}
