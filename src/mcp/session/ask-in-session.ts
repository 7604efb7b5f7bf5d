import type { Confirmation } from '#catalog/confirmation.ts'
import { actAsAgreed, actOnWordOfModel, type ConfirmableCall, confirmFirst } from '../calls/confirm-first.ts'
import { readReply } from '../calls/consent.ts'
import { failure, type ToolResult } from '../calls/tool-result.ts'

/** Below the SDK clients' timeout of 60 s: no effect after the client has given up. */
export const ANSWER_MS = 50_000

/**
 * `unanswered`: timeout, or the stream closed. `not_asked`: the client sent an error or an invalid answer; it is then
 * treated as a client that cannot show questions (docs/decisions/0007-asking-the-user.md).
 */
type Reply = 'agreed' | 'declined' | 'unanswered' | 'session_closed' | 'not_asked'

/** Replaces an error that a client sends as its answer to a question (session-object.ts). */
export const COULD_NOT_ASK = { couldNotAsk: true } as const

/** Session transport: sends the question on the stream of the call, and the call waits for the answer. `ask` is null: it cannot. */
export async function askInSession(
  call: ConfirmableCall,
  ask: ((confirmation: Confirmation) => Promise<Reply>) | null,
): Promise<ToolResult> {
  const question = await confirmFirst(call)
  if (!('confirmation' in question)) return question
  const reply = ask === null ? 'not_asked' : await ask(question.confirmation)
  if (reply === 'not_asked') return actOnWordOfModel(call, question)
  if (reply === 'agreed') return actAsAgreed(call, question)
  return failure({ reason: reply }, question.transaction, call.caller.product.words)
}

/** The open questions of one session, each with the grant of its call. */
export class OpenQuestions {
  readonly #open = new Map<AbortController, string>()

  /** Resolves on an answer, on timeout, or when the call is cancelled, the session ends or another grant takes over. */
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
      if (question.signal.reason === 'session_closed') return 'session_closed'
      if (reply === null || signal.aborted || question.signal.aborted) return 'unanswered'
      return readReply(reply)
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      this.#open.delete(question)
    }
  }

  /** The session ends: each call can still say that nothing was changed. False: none is open. */
  closeAll(): boolean {
    for (const question of this.#open.keys()) question.abort('session_closed')
    return this.#open.size > 0
  }

  /** Only the grant that was asked may answer (invariant 2). */
  closeAllBut(grant: string): void {
    for (const [question, asked] of this.#open) if (asked !== grant) question.abort()
  }
}
