import type { CallPolicies } from '#mcp/calls/caller.ts'
import type { PolicyHead } from '#policy/switches.ts'
import type { PolicyAsk } from '#users/calls/calls.ts'

/** The head of tests that are not about policy: everything is allowed, and nothing is switched off. */
export const HEAD: PolicyHead = { policy: 'all-is-allowed', switches: [] }

/** What policy is asked about a tool without arguments. */
export const askAbout = (tool: string): PolicyAsk => ({
  subject: { app: 'todos', kind: 'tool', names: [tool] },
  list: null,
  args: {},
  transport: 'stateless',
  network: '192.0.2.0/24',
})

/** For a caller whose calls a test begins by itself. */
export const callPolicies: CallPolicies = {
  of: ({ name }) => ({ subject: { app: 'todos', kind: 'tool', names: [name] }, args: {}, isTooLarge: false }),
  head: async () => HEAD,
}
