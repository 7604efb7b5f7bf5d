/**
 * What the MCP specification asks of a server that is its own authorization server and signs users in elsewhere, in
 * our words: revision 2026-07-28 (where 2025-11-25 asks the same, it is not said twice), its security best practices
 * ("SBP"), and the RFCs that it refers to. Each has tests, or a reason why it has none.
 */
export interface Requirement {
  readonly id: number
  readonly level: 'MUST' | 'SHOULD'
  readonly asks: string
  readonly section: string
  /** `file#title` */
  readonly testedBy?: readonly string[]
  /** Why there is no test, or what the tests leave open. */
  readonly reason?: string
}
