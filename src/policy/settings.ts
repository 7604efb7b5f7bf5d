import { z } from 'zod'

/** The documents that a deployment carries: each is `policy/<name>.jsonc` and a line of src/wiring/policy-texts.ts. */
export const POLICY_NAMES = ['default', 'read-only', 'locked-down'] as const
export type PolicyName = (typeof POLICY_NAMES)[number]

const HEAD_AGE = 'must be a whole number from 5 to 3600'

/** The settings of policy, by name. */
export const policySettings = {
  POLICY: z
    .enum(POLICY_NAMES)
    .default('default')
    .describe(
      'The document in `policy/` that this deployment carries. It takes force when its content was never seen before.',
    ),
  POLICY_CHANGES: z
    .enum(['two-editors', 'one-editor'])
    .default('two-editors')
    .describe(
      'A change that widens access takes force after an editor confirms it who did not propose it (`two-editors`), or at once (`one-editor`, for deployments without `POLICY_EDITOR_GROUP`).',
    ),
  HEAD_MAX_AGE_SECONDS: z.coerce
    .number({ error: HEAD_AGE })
    .int(HEAD_AGE)
    .min(5, HEAD_AGE)
    .max(3600, HEAD_AGE)
    .default(60)
    .describe(
      'For how long the last known policy and switches count when they cannot be read. After that requests get 503.',
    ),
}

export interface PolicyConfig {
  /** The document that the deployment carries. */
  carried: PolicyName
  /** Whether a change that widens access needs a second editor. */
  isShared: boolean
  headMaxAgeMs: number
}

interface Given {
  POLICY: PolicyName
  POLICY_CHANGES: 'two-editors' | 'one-editor'
  HEAD_MAX_AGE_SECONDS: number
}

export const policyConfig = (given: Given): PolicyConfig => ({
  carried: given.POLICY,
  isShared: given.POLICY_CHANGES === 'two-editors',
  headMaxAgeMs: given.HEAD_MAX_AGE_SECONDS * 1000,
})
