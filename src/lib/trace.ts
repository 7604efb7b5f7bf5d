/**
 * How one piece of our work is found again elsewhere: PingOne's header for it, and W3C Trace Context, whose trace id is
 * the same id. Always made here: what a client says of its own trace is only kept (mcp/call-key.ts), never sent on.
 */
export const TRANSACTION_HEADER = 'x-ping-external-transaction-id'

/** `transaction`: a UUID. */
export const traceHeaders = (transaction: string): Record<string, string> => ({
  [TRANSACTION_HEADER]: transaction,
  traceparent: traceparentOf(transaction),
})

/** Trace Context §3.2: 16 bytes of trace id (our transaction), 8 of span id, sampled. */
function traceparentOf(transaction: string): string {
  const span = crypto.randomUUID().replaceAll('-', '').slice(16)
  return `00-${transaction.replaceAll('-', '').toLowerCase()}-${span}-01`
}

// §3.2.2: version ff, and ids of zeros only, are not valid. Later versions may be longer: of those nothing is kept.
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** What somebody else calls their trace; null for anything that is none. */
export const readTraceparent = (given: unknown): string | null =>
  typeof given === 'string' && TRACEPARENT.test(given) ? given : null
