/**
 * A requirement of the MCP specification for a server that is its own authorization server and signs users in at
 * another
 * identity provider: revision 2026-07-28 (and 2025-11-25 where it differs), the security best practices ("SBP") and the
 * RFCs they refer to. Each one has tests, or a reason why it has none.
 */
export interface Requirement {
  readonly id: number
  readonly level: 'MUST' | 'SHOULD'
  readonly asks: string
  readonly section: string
  /** `file#title` */
  readonly testedBy?: readonly string[]
  /** Why there is no test, or what the tests do not cover. */
  readonly reason?: string
}
