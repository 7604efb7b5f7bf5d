/** A short random id that users and models see, and that the log repeats. */
export const newIncident = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(5)), (byte) => byte.toString(16).padStart(2, '0')).join('')

/** PingOne's header for correlation. */
export const TRANSACTION_HEADER = 'x-ping-external-transaction-id'

/**
 * Correlation headers for PingOne and for W3C Trace Context; `transaction` is a UUID and becomes the trace id. A client's
 * own trace is stored (mcp/calls/idempotency.ts) but never forwarded.
 */
export const traceHeaders = (transaction: string): Record<string, string> => ({
  [TRANSACTION_HEADER]: transaction,
  traceparent: traceparentOf(transaction),
})

/** Trace Context §3.2: 16 bytes of trace id, 8 bytes of span id, sampled. */
function traceparentOf(transaction: string): string {
  const span = crypto.randomUUID().replaceAll('-', '').slice(16)
  return `00-${transaction.replaceAll('-', '').toLowerCase()}-${span}-01`
}

// §3.2.2: version ff and all-zero ids are invalid. Longer values of later versions are dropped.
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** A caller's own traceparent; null if it is invalid. */
export const readTraceparent = (given: unknown): string | null =>
  typeof given === 'string' && TRACEPARENT.test(given) ? given : null
