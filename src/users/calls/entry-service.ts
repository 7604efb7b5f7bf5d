import type { Config } from '#config.ts'
import { AUDIT_READ } from '#lib/roles.ts'
import { canAudit, lackingScopes } from '../grants/audit-access.ts'
import type { GrantService } from '../grants/grant-service.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { StepUpService } from '../requests/step-ups.ts'
import type { CallService } from './call-service.ts'
import { keyOf } from './calls.ts'
import type { DenialService } from './denials.ts'
import type { Entry, EntryAnswer } from './entry.ts'

interface EntryServiceDeps {
  nowSeconds: () => number
  config: () => Config
  grants: Pick<GrantTable, 'readLive'>
  bearers: Pick<GrantService, 'bearer'>
  stepUps: Pick<StepUpService, 'open'>
  calls: Pick<CallService, 'begin'>
  denials: Pick<DenialService, 'ofBearer' | 'ofCall'>
}

/** The one door to a user's tools: every check of a request, and the intent of its call, in one RPC (decision 17). */
export class EntryService {
  readonly #deps: EntryServiceDeps

  constructor(deps: EntryServiceDeps) {
    this.#deps = deps
  }

  /**
   * Checks bearer, rate, tenant, session, existence and scopes in this order, then begins the call. Denials become audit events.
   * Stores nothing for a bearer of another audience or of no grant. The library checks audience and expiry only afterwards.
   * @step tool-call 2 every check, and the intent, in one RPC
   */
  async enter({ grant, token, audience, session, needs, call, refused }: Entry): Promise<EntryAnswer> {
    const { nowSeconds, config, grants, bearers, stepUps, calls, denials } = this.#deps
    const answer = bearers.bearer(grant, token, session)
    const { bearer, isRefused } = answer
    const unchecked = { ...answer, canAudit: false, missing: [], stepUp: null, start: null }
    const denied = call ?? refused ?? null
    if (bearer === null) {
      const { isKnown, waitSeconds, ended } = answer
      const reason = ended === null ? 'bearer' : 'ended'
      if (isKnown) denials.ofBearer(waitSeconds > 0 ? 'too_many_requests' : reason, grant)
      return unchecked
    }
    if (bearer.audience !== audience) return unchecked
    if (bearer.expiresAtSeconds <= nowSeconds()) {
      denials.ofBearer('bearer', grant)
      return unchecked
    }
    if (isRefused || answer.session === 'closed') {
      await denials.ofCall(isRefused ? 'tenant' : 'session_closed', grant, denied)
      return unchecked
    }
    const row = grants.readLive(grant)
    const mayAudit = canAudit(row, config())
    const checked = { ...unchecked, canAudit: mayAudit }
    // To this grant the tool does not exist: the request is one that calls nothing.
    if (!mayAudit && needs?.scopes.includes(AUDIT_READ) === true) return checked
    const missing = lackingScopes(needs?.scopes ?? [], bearer.scopes, row, nowSeconds())
    if (needs !== null && missing.length > 0) {
      const stepUp = await stepUps.open({ ...needs, grant })
      await denials.ofCall('scope_missing', grant, denied)
      return { ...checked, missing, stepUp }
    }
    if (refused !== undefined) await denials.ofCall(refused.reason, grant, refused)
    if (call === null) return checked
    const { client } = bearer
    const key = call.key === null ? null : await keyOf(client, call.tool, call.key)
    return { ...checked, start: await calls.begin({ ...call, grant, client, key }, session) }
  }
}
