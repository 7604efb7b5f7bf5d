import type { CallContext } from '#catalog/tool-context.ts'
import type { CallApi, CallStart, UserAnswer } from '#users/calls/calls.ts'
import type { PolicyHead } from '#policy/switches.ts'
import type { Subjects } from '../edge/subject.ts'
import type { McpProduct } from '../product.ts'
import type { CallOrigin } from './call-facts.ts'
import type { Consent } from './consent.ts'
import type { CallMessage } from './idempotency.ts'
import type { CallProblem } from './tool-denial.ts'

/** What a transport knows of one tool call. */
export interface Caller {
  transport: 'stateless' | 'session'
  message: CallMessage
  origin: CallOrigin
  userApi: CallApi
  product: Pick<McpProduct, 'words' | 'keyName'>
  deadlineMs: number
  /** So long before the deadline nothing new is begun: as long as one request to the API may take. */
  lastStartMs?: number
  /** The call that the edge has begun. Unset: the call begins in invoke-tool.ts. */
  entered?: EnteredCall | undefined
  /** The user's answer that came with the message, if any. */
  answer?: UserAnswer | undefined
  consent?: Consent
  policies: CallPolicies
  /** The user was asked before this call. */
  isAfterQuestion?: boolean
  /** Called when the call of the edge is used. */
  onTaken?: (() => void) | undefined
  /** Called with a problem that is an HTTP status where the answer has not begun. */
  onStop?: ((problem: CallProblem) => void) | undefined
  /** The client cancelled. */
  signal?: AbortSignal | undefined
  progress?: CallContext['progress'] | undefined
  /** Keeps the work alive when the client is gone: a write that was sent must get its outcome on record. */
  waitUntil(work: Promise<unknown>): void
}

/** What a call that begins after its request has entered is decided with. */
export interface CallPolicies extends Pick<Subjects, 'of'> {
  /** null: none is young enough. `isNewRead`: no head that was read before will do. */
  head(isNewRead: boolean): Promise<PolicyHead | null>
}

/** A call that the user's object knows, and the arguments that were judged. */
export interface EnteredCall {
  start: CallStart
  transaction: string
  input: Record<string, unknown>
  /** It has an idempotency key, so its answer is kept for a retry. */
  isKeyed: boolean
  /** For the call that begins after a question: it has the same origin. */
  origin: CallOrigin
}

interface ProgressNotification {
  method: 'notifications/progress'
  params: { progressToken: string | number; progress: number; total: number }
}

/** MCP 2026-07-28 Progress: reports progress; undefined without a progress token. */
export function tellProgress(
  meta: { progressToken?: string | number | undefined } | undefined,
  notify: (notification: ProgressNotification) => Promise<void>,
): CallContext['progress'] | undefined {
  const progressToken = meta?.progressToken
  if (progressToken === undefined) return undefined
  return (progress, total) => {
    // A client that disconnected is not an error of the call.
    void notify({ method: 'notifications/progress', params: { progressToken, progress, total } }).catch(
      () => {},
    )
  }
}
