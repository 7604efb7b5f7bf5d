/**
 * What may stop a tool, as a value. `unknown_outcome` is the only one after which the effect may have happened:
 * it is never retried silently. mcp/calls/tool-denial.ts turns each into words.
 */
export type ToolDenial =
  | {
      reason:
        | 'unauthorized'
        | 'forbidden'
        | 'gone'
        | 'invalid'
        | 'too_large'
        | 'invisible'
        | 'unavailable'
        | 'unknown_outcome'
        /** Only for tools of the engine: the audit log does not answer. */
        | 'no_audit_log'
        /** The same: policy cannot be read; the grant has ended. */
        | 'no_policy'
        | 'ended'
    }
  | { reason: 'busy'; retryAfterSeconds: number | null }
