import type { GrantService } from '../grants/grant-service.ts'
import type { StepUpService } from '../requests/step-ups.ts'
import type { CallService } from './call-service.ts'
import { keyOf } from './calls.ts'
import type { Entry, EntryAnswer } from './entry.ts'

interface EntryServiceDeps {
  nowSeconds: () => number
  bearers: Pick<GrantService, 'bearer'>
  stepUps: Pick<StepUpService, 'open'>
  calls: Pick<CallService, 'begin'>
}

/** The one door to a user's tools: every check of a request, and the intent of its call, in one RPC (decision 17). */
export class EntryService {
  readonly #deps: EntryServiceDeps

  constructor(deps: EntryServiceDeps) {
    this.#deps = deps
  }

  /**
   * Checks bearer, rate, tenant, session and scopes in this order, then begins the call.
   * Stores nothing for a bearer of another audience or one that has expired: the library checks both only afterwards.
   * @step tool-call 2 every check, and the intent, in one RPC
   */
  async enter({ grant, token, audience, session, needs, call }: Entry): Promise<EntryAnswer> {
    const { nowSeconds, bearers, stepUps, calls } = this.#deps
    const answer = bearers.bearer(grant, token, session)
    const { bearer, isRefused } = answer
    const checked = { ...answer, missing: [], stepUp: null, start: null }
    if (bearer === null || isRefused || answer.session === 'closed') return checked
    if (bearer.audience !== audience || bearer.expiresAtSeconds <= nowSeconds()) return checked
    const missing = needs?.scopes.filter((scope) => !bearer.scopes.includes(scope)) ?? []
    if (needs !== null && missing.length > 0)
      return { ...checked, missing, stepUp: await stepUps.open({ ...needs, grant }) }
    if (call === null) return checked
    const { client } = bearer
    const key = call.key === null ? null : await keyOf(client, call.tool, call.key)
    return { ...checked, start: await calls.begin({ ...call, grant, client, key }, session) }
  }
}
