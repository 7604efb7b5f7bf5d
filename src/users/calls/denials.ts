import type { CallFacts, ClassifiedArguments } from '#events/call-facts.ts'
import type { AuditDecision, Emit, NewEvent, StoredArguments } from '#events/event.ts'
import type { CallStart } from './calls.ts'

/** Where the arguments of a call are encrypted and hashed (audit/audit-key.ts). */
interface ArgumentProtection {
  protect(classified: ClassifiedArguments): Promise<StoredArguments>
}

/**
 * Why a call did not begin. The edge has reasons of its own (entry.ts: `refused`).
 * `bearer`: the grant does not know it, or it has expired. `not_recorded`: its intent cannot be stored.
 */
export type DenialReason =
  | Exclude<CallStart['verdict'], 'go' | 'unavailable' | 'denied'>
  | 'bearer'
  | 'not_recorded'
  | 'scope_missing'
  | 'session_closed'
  | 'tenant'
  | 'too_many_keys'
  | 'too_many_requests'

/** A call that is denied. `kept`: its arguments, if they are protected already. */
export interface DeniedCall {
  tool: string
  facts?: CallFacts | undefined
  kept?: StoredArguments | undefined
}

type DeniedFacts = Omit<Extract<NewEvent, { type: 'call.denied' }>, 'type' | 'count' | 'lastAt'>

/** Denials of calls as audit events. The outbox counts equal ones, and delays no request when it is full. */
export class DenialService {
  readonly #deps: { nowMs: () => number; emit: Emit; auditKey: ArgumentProtection }

  constructor(deps: { nowMs: () => number; emit: Emit; auditKey: ArgumentProtection }) {
    this.#deps = deps
  }

  /** For a bearer that is not accepted. Nothing of its request is kept: it may be a stranger's, and a flood is one event. */
  ofBearer(reason: 'bearer' | 'ended' | 'too_many_requests', grant: string): void {
    this.#emit({ reason, grant })
  }

  /** For a request with an accepted bearer. null: it calls nothing. */
  async ofCall(
    reason: string,
    grant: string,
    call: DeniedCall | null,
    decision?: AuditDecision,
  ): Promise<void> {
    if (call === null) return this.#emit({ reason, grant, decision })
    const { tool, facts } = call
    const kept = call.kept ?? (facts === undefined ? undefined : await this.protect(facts))
    this.#emit({
      reason,
      grant,
      what: { kind: facts?.kind ?? 'tool', name: tool },
      network: facts?.network,
      agent: facts?.agent,
      session: facts?.session,
      arguments: kept,
      decision,
    })
  }

  protect(facts: CallFacts): Promise<StoredArguments> {
    return this.#deps.auditKey.protect(facts.arguments)
  }

  #emit(denied: DeniedFacts): void {
    const lastAt = new Date(this.#deps.nowMs()).toISOString()
    this.#deps.emit({ type: 'call.denied', ...denied, count: 1, lastAt })
  }
}
