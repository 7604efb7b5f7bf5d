import { z } from 'zod'

/** What a tool call tells its User before anything happens (decision 17: stored before the effect). */
export interface CallIntent {
  grant: string
  client: string
  transport: 'stateless' | 'session'
  tool: string
  effect: 'read' | 'write'
  /** Our id of this call; it goes to the API, to PingOne and into the result. */
  transaction: string
  /**
   * SHA-256 of the canonical arguments. On record it is keyed (call-desk.ts): it shows that two calls were the same, never
   * what they said.
   */
  argumentsDigest: string
  /** Under which the same write may be asked for again; null: every message is a call of its own. */
  key: CallKey | null
  /** What the client calls its own trace (W3C traceparent): on record as its claim. */
  clientTrace?: string
  /**
   * Where this begins the same call once more because the API refused the token: its thumbprint. The User gives
   * a newer one then. Still one row, and no third kind of message.
   */
  refused?: string
}

/** A hash over client, tool and key: it is one user's object that keeps it, so it is that user's as well. */
export interface CallKey {
  hash: string
}

/**
 * What the User answers. RPC carries plain values only, so the token is a string here; the caller wraps it
 * in a Secret on its next line. All but `go` are expected too: no exception crosses the hop. The four that name
 * an earlier call are for a key that was used before: nothing runs for them.
 */
export const CallStart = z.discriminatedUnion('verdict', [
  z.object({
    verdict: z.literal('go'),
    call: z.string(),
    downstreamToken: z.string(),
    user: z.object({ name: z.string().nullable() }),
  }),
  z.object({ verdict: z.literal('ended') }),
  z.object({
    verdict: z.literal('unavailable'),
    retryAfterSeconds: z.number().int(),
    /** It does not pass by itself: an operator has to act. */
    isLasting: z.boolean().optional(),
  }),
  /** It was done; null: what it answered is no longer kept, or was too large to keep. */
  z.object({ verdict: z.literal('repeat'), call: z.string(), result: z.string().nullable() }),
  z.object({ verdict: z.literal('running'), call: z.string() }),
  z.object({ verdict: z.literal('unknown'), call: z.string() }),
  z.object({ verdict: z.literal('mismatch'), call: z.string() }),
])
export type CallStart = z.infer<typeof CallStart>
export type Going = Extract<CallStart, { verdict: 'go' }>
/** Nothing can start now, whatever the key. */
export type Stop = Extract<CallStart, { verdict: 'ended' | 'unavailable' }>

/** `unknown`: the effect may or may not have happened; it is never retried silently (invariant 7). */
export const CallOutcome = z.enum(['done', 'refused', 'failed', 'unknown'])
export type CallOutcome = z.infer<typeof CallOutcome>

/** The only two messages from a tool call to its User. Both may arrive twice: a stub can lose its answer. */
export interface CallApi {
  beginCall(intent: CallIntent): Promise<unknown>
  /** `result`: what to answer when the same write is asked for again; null: nothing that is kept. */
  endCall(call: string, outcome: CallOutcome, result: string | null): Promise<void>
}
