import type { Confirmation } from '#catalog/confirmation.ts'
import { type Consent, noConsent, subjectOf } from './consent.ts'
import { type Answered, toToolResult } from './invoke-tool.ts'
import { readReply } from './question-form.ts'
import { failure, type ToolResult } from './tool-result.ts'

/** Under the 60 s after which the SDKs' clients give a call up: nothing may happen that nobody waits for any more. */
export const ANSWER_MS = 50_000

/**
 * `unanswered`: nothing came in time, or the stream is gone. `not_asked`: the client answered with an error, or with what
 * is no answer; it is then served as a client that cannot show questions (docs/decisions/0007-asking-the-user.md).
 */
export type Reply = 'agreed' | 'declined' | 'unanswered' | 'not_asked'

/** Replaces an error that a client sends as its answer (session-edge.ts). */
export const COULD_NOT_ASK = { couldNotAsk: true } as const

/** The session transport: the question goes out on the stream of the call, which waits for the answer. */
export async function askInSession(
  run: (consent: Consent) => Promise<Answered>,
  ask: ((confirmation: Confirmation) => Promise<Reply>) | null,
): Promise<ToolResult> {
  const answered = await run({ canAsk: ask !== null, given: null })
  const { answer, transaction } = answered
  if (ask === null || answer.ok || answer.error.reason !== 'unconfirmed') return toToolResult(answered)
  const { confirmation } = answer.error
  const reply = await ask(confirmation)
  if (reply === 'not_asked') return toToolResult(await run(noConsent))
  if (reply !== 'agreed') return failure({ reason: reply }, transaction, answered.words)
  return toToolResult(await run({ canAsk: true, given: await subjectOf(confirmation) }))
}

/** The questions of one session that wait for an answer, each under the grant of its call. */
export class OpenQuestions {
  readonly #open = new Map<AbortController, string>()

  /** Ends with the answer, the time, the call, or the grant. */
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

  /** An answer counts only under the grant of its question (invariant 2). */
  closeAllBut(grant: string): void {
    for (const [question, asked] of this.#open) if (asked !== grant) question.abort()
  }
}
