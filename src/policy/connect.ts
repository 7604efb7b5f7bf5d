import type { Policy, PolicyDenial } from './policy.ts'
import type { Question, Subject } from './question.ts'

/** The connection itself, as rules of kind `server` are about it. */
export const CONNECTION: Subject = { app: 'server', kind: 'server', names: ['mcp'] }

/** What the rules about the connection say. */
export interface ConnectDecision {
  /** null: the user may connect. */
  denial: PolicyDenial | null
  /** Shadow rules that would have denied, by id. */
  wouldDeny: readonly string[]
}

/** Whether this user may connect with this client at all. Asked at a login and at each bearer. */
export function decideConnection(
  policy: Policy,
  about: Omit<Question, 'phase' | 'subject' | 'args'>,
): ConnectDecision {
  if (!policy.hasServerRules) return { denial: null, wouldDeny: [] }
  const question: Question = { ...about, phase: 'call', subject: CONNECTION, args: {} }
  const { effect, rule, says, wouldDeny } = policy.decide(question)
  if (effect === 'allow') return { denial: null, wouldDeny }
  const opensAtMs = policy.opensAtMs(question)
  return { denial: { reason: 'policy_no_access', rule, says, opensAtMs }, wouldDeny }
}
