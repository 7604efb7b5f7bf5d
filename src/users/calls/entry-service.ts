import type { Config } from '#config.ts'
import { AUDIT_READ } from '#lib/roles.ts'
import { canAudit, lackingScopes } from '../grants/audit-access.ts'
import type { GrantService } from '../grants/grant-service.ts'
import type { GrantTable } from '../grants/grant-table.ts'
import type { StepUpService } from '../requests/step-ups.ts'
import type { CallService } from './call-service.ts'
import { type CallStart, keyOf } from './calls.ts'
import type { DenialService } from './denials.ts'
import type { EarlierCall, LaterCall } from './calls.ts'
import type { EarlierEntry, Entry, EntryAnswer } from './entry.ts'
import type { PolicyDecisionService } from './policy-decisions.ts'

interface EntryServiceDeps {
  nowSeconds: () => number
  config: () => Pick<Config, 'operators'>
  grants: Pick<GrantTable, 'read' | 'readLive'>
  bearers: Pick<GrantService, 'bearer'>
  stepUps: Pick<StepUpService, 'open'>
  calls: Pick<CallService, 'begin'>
  denials: Pick<DenialService, 'ofBearer' | 'ofCall'>
  policies: Pick<PolicyDecisionService, 'judge'>
}

/** The one door to a user's tools: every check of a request, and the intent of its call, in one RPC (decision 17). */
export class EntryService {
  readonly #deps: EntryServiceDeps

  constructor(deps: EntryServiceDeps) {
    this.#deps = deps
  }

  /**
   * Checks in the order of decision 17, then begins the call. Denials become audit events.
   * Stores nothing for a bearer of another audience or of no grant. The library checks audience and expiry only afterwards.
   * @step tool-call 2 every check, and the intent, in one RPC
   */
  async enter(entry: Entry | EarlierEntry): Promise<EntryAnswer> {
    const { grant, token, audience, session, needs, call, refused } = entry
    const { nowSeconds, config, grants, bearers, stepUps, calls, denials, policies } = this.#deps
    const answer = bearers.bearer(grant, token, session)
    const { bearer, isRefused } = answer
    const unchecked: EntryAnswer = { ...answer, ...UNCHECKED }
    const denied = call ?? refused ?? null
    if (bearer === null) {
      const { isKnown, waitSeconds, ended } = answer
      const reason = ended === null ? 'bearer' : 'ended'
      if (isKnown) denials.ofBearer(waitSeconds > 0 ? 'too_many_requests' : reason, grant)
      return unchecked
    }
    if (bearer.audience !== audience) return unchecked
    const row = grants.readLive(grant)
    if (row === null || bearer.expiresAtSeconds <= nowSeconds()) {
      denials.ofBearer('bearer', grant)
      return unchecked
    }
    if (isRefused) {
      await denials.ofCall('tenant', grant, denied)
      return unchecked
    }
    const judged = await policies.judge(row, entry.policy ?? null, entry.ask ?? null)
    if (judged.isEnded)
      return { ...unchecked, bearer: null, ended: grants.read(grant)?.ended?.reason ?? null }
    const stop = async ({ denial, decision }: NonNullable<typeof judged.entry>, from: EntryAnswer) => {
      // An outage is no denial.
      if (decision !== undefined) await denials.ofCall(denial.reason, grant, denied, decision)
      return { ...from, policy: denial }
    }
    if (judged.entry !== null) return stop(judged.entry, unchecked)
    if (answer.session === 'closed') {
      await denials.ofCall('session_closed', grant, denied)
      return unchecked
    }
    const mayAudit = canAudit(row, config())
    const checked = { ...unchecked, canAudit: mayAudit, hidden: judged.hidden }
    // To this grant the tool does not exist: the request is one that calls nothing.
    if (!mayAudit && needs?.scopes.includes(AUDIT_READ) === true) return checked
    if (judged.early !== null) return stop(judged.early, checked)
    const missing = lackingScopes(needs?.scopes ?? [], bearer.scopes, row, nowSeconds())
    if (needs !== null && missing.length > 0) {
      const stepUp = await stepUps.open({ ...needs, grant })
      await denials.ofCall('scope_missing', grant, denied)
      return { ...checked, missing, stepUp }
    }
    if (refused !== undefined) {
      await denials.ofCall(refused.reason, grant, refused)
      return checked
    }
    if (judged.late !== null) return stop(judged.late, checked)
    if (call === null) return checked
    const { client } = bearer
    const { decision } = judged
    const key = call.key === null ? null : await keyOf(client, call.tool, call.key)
    return { ...checked, start: await calls.begin({ ...call, grant, client, key, decision }, session) }
  }

  /**
   * Begins a call whose request has entered before, as after a question to the user: policy decides again, and a denial
   * leaves the user's answer unused.
   */
  async enterLater({ policy, ask, ...intent }: LaterCall | EarlierCall): Promise<CallStart> {
    const { grants, calls, denials, policies } = this.#deps
    const row = grants.readLive(intent.grant)
    // CallService answers these.
    if (row === null || row.client !== intent.client) return calls.begin(intent)
    const { isEnded, entry, early, late, decision } = await policies.judge(row, policy ?? null, ask ?? null)
    if (isEnded) return { verdict: 'ended' }
    const stop = entry ?? early ?? late
    if (stop === null) return calls.begin({ ...intent, decision })
    if (stop.decision === undefined) return { verdict: 'unavailable', retryAfterSeconds: RETRY_SECONDS }
    await denials.ofCall(stop.denial.reason, intent.grant, intent, stop.decision)
    return { verdict: 'denied', policy: stop.denial }
  }
}

const RETRY_SECONDS = 5
const UNCHECKED = {
  canAudit: false,
  hidden: [],
  missing: [],
  stepUp: null,
  policy: null,
  start: null,
} satisfies Partial<EntryAnswer>
