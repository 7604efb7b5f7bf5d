import { expect, test } from 'vitest'
import { policyFacts, sayPolicy } from '#mcp/calls/policy-denial.ts'
import type { PolicyDenial } from '#policy/policy.ts'

const denial = (given: Partial<PolicyDenial>): PolicyDenial => ({
  reason: 'policy_denied',
  rule: 'office-hours',
  says: 'Only in office hours.',
  opensAtMs: null,
  ...given,
})
const opensAtMs = Date.parse('2026-11-30T08:00:00Z')

test.each([
  [
    denial({ opensAtMs }),
    'The policy of this server does not allow this (rule office-hours). Nothing was changed. Its operator says: “Only in office hours.” It opens at 2026-11-30 08:00 UTC: tell the user, and try again then.',
  ],
  [
    denial({ rule: null, says: null }),
    'The policy of this server does not allow this: no rule allows it. Nothing was changed. Waiting does not change it: do not try again as it is. Tell the user, who can ask the operator of this server.',
  ],
  [
    denial({ reason: 'policy_no_access' }),
    'The policy of this server does not let this user connect (rule office-hours). Nothing was changed. Its operator says: “Only in office hours.” Waiting does not change it: do not try again as it is. Tell the user, who can ask the operator of this server.',
  ],
  [
    denial({ reason: 'policy_needs_approval' }),
    'The policy of this server wants this approved first (rule office-hours), and this server cannot ask for approvals yet. Nothing was changed. Its operator says: “Only in office hours.” Do not try again; tell the user.',
  ],
  [
    denial({ reason: 'switched_off', says: 'Under repair.' }),
    'An operator of this server has switched this off. Nothing was changed. Its operator says: “Under repair.” It stays off until an operator switches it on: do not try again; tell the user.',
  ],
])('%j', (given, words) => {
  expect(sayPolicy(given)).toBe(words)
})

test('a hidden name and an outage tell nothing of a rule', () => {
  for (const reason of ['policy_hidden', 'policy_unavailable'] as const) {
    const given = denial({ reason, rule: null, says: null })
    expect(sayPolicy(given)).not.toMatch(/rule|operator/)
    expect(policyFacts(given)).toEqual({ reason })
  }
})

test('the sentence of an operator is bounded and has no invisible characters', () => {
  const words = sayPolicy(denial({ says: `a\u202e${'x'.repeat(400)}` }))
  expect(words).not.toContain('\u202e')
  expect(words.length).toBeLessThan(650)
})
