import type { Config } from '#config.ts'
import { AUDIT_READ } from '#lib/roles.ts'
import { canAudit, lackingScopes } from '../grants/audit-access.ts'
import { grantEndsAtSeconds } from '../grants/grant.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { AccessAnswer, AccessQuestion } from './access.ts'
import type { PolicyDecisionService } from './policy-decisions.ts'

interface AccessServiceDeps {
  nowSeconds: () => number
  config: () => Pick<Config, 'operators' | 'life'>
  grants: Pick<GrantTable, 'readLive'>
  policies: Pick<PolicyDecisionService, 'survey'>
}

/** Says what the user and client of a grant may do now: policy and switches as for lists and calls, and scopes. */
export class AccessService {
  readonly #deps: AccessServiceDeps

  constructor(deps: AccessServiceDeps) {
    this.#deps = deps
  }

  /** Changes nothing, but that claims which are too old are renewed first. */
  async answer({ grant, scopes, policy, subjects, ...from }: AccessQuestion): Promise<AccessAnswer> {
    const { nowSeconds, config, grants, policies } = this.#deps
    const row = grants.readLive(grant)
    if (row === null) return { state: 'ended' }
    const mayAudit = canAudit(row, config())
    // To a grant without access to the audit log its tools do not exist.
    const exists = subjects.map((one) => mayAudit || !one.scopes.includes(AUDIT_READ))
    const survey = await policies.survey(row, policy, from, subjects)
    if (typeof survey === 'string') return { state: survey }
    return {
      state: 'known',
      grantEndsAtSeconds: grantEndsAtSeconds(row, config().life),
      subjects: survey.map((verdict, at) => {
        if (verdict === null || exists[at] !== true) return null
        const missing = lackingScopes(subjects[at]?.scopes ?? [], scopes, row, nowSeconds())
        return { ...verdict, now: missing.length > 0 ? 'no' : verdict.now, missing }
      }),
    }
  }
}
