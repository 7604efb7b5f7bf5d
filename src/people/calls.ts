import { z } from 'zod'

/** What a tool call tells its Person before anything happens (decision 17: stored before the effect). */
export interface CallIntent {
  grant: string
  client: string
  lane: 'stateless' | 'stateful'
  tool: string
  /** Our id of this call; it goes to the API, to PingOne and into the result. */
  transaction: string
  /** SHA-256 of the canonical arguments: the record shows that two calls were the same, never what they said. */
  argumentsDigest: string
  /**
   * Where this begins the same call once more because the API refused the token: its thumbprint. The Person gives
   * a newer one then. Still one row, and no third kind of message.
   */
  refused?: string
}

/**
 * What the Person answers. RPC carries plain values only, so the token is a string here; the caller wraps it
 * in a Secret on its next line. `ended` and `unavailable` are expected: no exception crosses the hop.
 */
export const CallStart = z.discriminatedUnion('verdict', [
  z.object({
    verdict: z.literal('go'),
    call: z.string(),
    downstreamToken: z.string(),
    person: z.object({ name: z.string().nullable() }),
  }),
  z.object({ verdict: z.literal('ended') }),
  z.object({ verdict: z.literal('unavailable'), retryAfterSeconds: z.number().int() }),
])
export type CallStart = z.infer<typeof CallStart>

/** `unknown`: the effect may or may not have happened; it is never retried silently (invariant 7). */
export type CallOutcome = 'done' | 'refused' | 'failed' | 'unknown'

/** The only two messages from a tool call to its Person. Both may arrive twice: a stub can lose its answer. */
export interface CallKeeper {
  beginCall(intent: CallIntent): Promise<unknown>
  endCall(call: string, outcome: CallOutcome): Promise<void>
}
