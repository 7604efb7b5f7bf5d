import type { AuditDecision } from '#events/event.ts'
import { decideConnection } from '#policy/connect.ts'
import type { Policy, PolicyDenial } from '#policy/policy.ts'
import type { Decision, PolicyClient, Question, Subject } from '#policy/question.ts'
import { type PolicyHead, type Switch, switchedOff } from '#policy/switches.ts'
import type { Grant } from '../grants/grant.ts'
import type { PolicyUserAnswer, PolicyUserOf } from '../grants/policy-user.ts'
import type { Access, AccessSubject } from './access.ts'
import type { PolicyAsk } from './calls.ts'

export interface PolicyDecisionDeps {
  nowMs: () => number
  /** The name of this object. */
  userName: () => string
  /** The compiled policy of this hash; null: it cannot be read now. */
  policyOf: (hash: string) => Promise<Policy | null>
  policyUserOf: PolicyUserOf
}

/** What stops a request, and how the audit log has it; there is no `decision` where nothing could be decided. */
interface Stop {
  denial: PolicyDenial
  decision?: AuditDecision
}

/** What policy says about a request. */
export interface Judgement {
  /** The grant has ended because its claims cannot be renewed. */
  isEnded: boolean
  /** Stops the request before anything else is looked at. */
  entry: Stop | null
  /** Comes before scopes: the subject is hidden or switched off. */
  early: Stop | null
  /** Comes after scopes and arguments. */
  late: Stop | null
  /** Which of the list are hidden, by their place. */
  hidden: number[]
  /** The decision about the subject; absent: nothing was decided about it. */
  decision?: AuditDecision
}

/** What policy says of each of many subjects, in their order; null: it is hidden. */
export type Survey = (Omit<Access, 'missing'> | null)[]

type AboutRequest = Omit<Question, 'phase' | 'subject' | 'args'>

const NOTHING: Judgement = { isEnded: false, entry: null, early: null, late: null, hidden: [] }

const UNAVAILABLE: PolicyDenial = {
  reason: 'policy_unavailable',
  rule: null,
  says: null,
  opensAtMs: null,
}

/** The client of a grant, as rules and switches see it. The id of a client that registered itself is no URL. */
export const policyClient = ({ client, shown }: Pick<Grant, 'client' | 'shown'>): PolicyClient => ({
  id: client,
  domain: shown?.domain ?? '',
  kind: client.startsWith('https://') ? 'document' : 'registered',
})

/** Decides the requests of one user: the same for what a list shows and what a call may do (invariant 11). */
export class PolicyDecisionService {
  readonly #deps: PolicyDecisionDeps

  constructor(deps: PolicyDecisionDeps) {
    this.#deps = deps
  }

  /** `ask` null: there is nothing to decide. */
  async judge(grant: Grant, head: PolicyHead | null, ask: PolicyAsk | null): Promise<Judgement> {
    if (ask === null) return NOTHING
    if (head === null) return { ...NOTHING, entry: { denial: UNAVAILABLE } }
    const off = this.#switched(grant, head, null)
    if (off !== null) return { ...NOTHING, entry: off }
    const policy = await this.#deps.policyOf(head.policy)
    if (policy === null) return { ...NOTHING, entry: { denial: UNAVAILABLE } }
    const list = ask.list ?? []
    // Nothing to decide, so nobody waits for claims.
    if (ask.subject === null && list.length === 0 && !policy.hasServerRules) return NOTHING
    const seen = await this.#deps.policyUserOf(grant, policy)
    if (seen === 'unavailable') return { ...NOTHING, entry: { denial: UNAVAILABLE } }
    if (seen === 'ended') return { ...NOTHING, isEnded: true }
    const about = this.#aboutRequest(grant, seen, ask)
    const { denial: noAccess, wouldDeny } = decideConnection(policy, about)
    if (noAccess !== null) {
      const rules = noAccess.rule === null ? [] : [noAccess.rule]
      const decision = { effect: 'deny', rules, policy: policy.hash }
      return { ...NOTHING, entry: { denial: noAccess, decision } }
    }
    const hidden = hiddenOf(policy, about, list)
    if (ask.subject === null) return { ...NOTHING, hidden }
    const question: Question = { ...about, phase: 'call', subject: ask.subject, args: ask.args ?? {} }
    const decided = policy.decide(question)
    // A call has the shadow rules about the connection too: a request without a call leaves no event.
    const decision = auditDecision(policy, withShadows(decided, wouldDeny))
    const judged = { ...NOTHING, hidden, decision }
    const stop = stopOf(policy, question, decided)
    if (stop?.denial.reason === 'policy_hidden') return { ...judged, early: stop }
    return { ...judged, early: this.#switched(grant, head, ask.subject), late: stop }
  }

  /**
   * What of some subjects this user and client can use now, before anyone calls them. Not known arguments are left open
   * (policy/outlook.ts). `unavailable`: nothing can be decided; `ended`: the grant has ended.
   */
  async survey(
    grant: Grant,
    head: PolicyHead | null,
    from: Pick<PolicyAsk, 'transport' | 'network'>,
    subjects: readonly AccessSubject[],
  ): Promise<Survey | 'unavailable' | 'ended'> {
    const policy = head === null ? null : await this.#deps.policyOf(head.policy)
    if (head === null || policy === null) return 'unavailable'
    const seen = await this.#deps.policyUserOf(grant, policy)
    if (typeof seen === 'string') return seen
    const about = this.#aboutRequest(grant, seen, from)
    const connection = this.#switched(grant, head, null)?.denial ?? decideConnection(policy, about).denial
    const look = lookInto(policy, about)
    return subjects.map((one) => {
      const found = look(one)
      if (found === null) return null
      const stop = connection ?? this.#switched(grant, head, one.subject)?.denial
      return stop === undefined ? found : { now: 'no', denial: stop, canPass: false }
    })
  }

  /** Whether an operator has switched off this user or the client of this grant, for a stream that is open. */
  isSwitchedOff(grant: Grant, switches: readonly Switch[]): boolean {
    return this.#switchOf(grant, switches, null) !== null
  }

  #aboutRequest(
    grant: Grant,
    { user, authAgeSeconds }: Exclude<PolicyUserAnswer, string>,
    { transport, network }: Pick<PolicyAsk, 'transport' | 'network'>,
  ): AboutRequest {
    const request = { network, authAgeSeconds, transport }
    return { user, client: policyClient(grant), request, nowMs: this.#deps.nowMs() }
  }

  #switchOf(grant: Grant, switches: readonly Switch[], subject: PolicyAsk['subject']): Switch | null {
    if (switches.length === 0) return null
    const user = this.#deps.userName()
    return switchedOff(switches, { user, client: policyClient(grant), subject }, this.#deps.nowMs())
  }

  #switched(grant: Grant, { policy, switches }: PolicyHead, subject: PolicyAsk['subject']): Stop | null {
    const off = this.#switchOf(grant, switches, subject)
    if (off === null) return null
    return {
      denial: { reason: 'switched_off', rule: off.id, says: off.says, opensAtMs: off.untilMs },
      decision: { effect: 'deny', rules: [off.id], policy },
    }
  }
}

/** A list leaves out what this user and client can never get, whatever the arguments, the time and the request. */
const hiddenOf = (policy: Policy, about: AboutRequest, list: NonNullable<PolicyAsk['list']>): number[] =>
  list.flatMap((subject, at) =>
    policy.decide({ ...about, phase: 'list', subject, args: null }).effect === 'allow' ? [] : [at],
  )

const withShadows = (decided: Decision, wouldDeny: readonly string[]): Decision =>
  decided.effect === 'allow' && wouldDeny.length > 0
    ? { ...decided, wouldDeny: [...decided.wouldDeny, ...wouldDeny].toSorted() }
    : decided

const auditDecision = (policy: Policy, { effect, rule, wouldDeny }: Decision): AuditDecision => ({
  effect,
  rules: rule === null ? [] : [rule],
  policy: policy.hash,
  ...(wouldDeny.length === 0 ? {} : { wouldDeny: [...wouldDeny] }),
})

function stopOf(policy: Policy, question: Question, decided: Decision): Stop | null {
  const decision = auditDecision(policy, decided)
  switch (decided.effect) {
    case 'allow':
      return null
    case 'hide':
      return { denial: { ...UNAVAILABLE, reason: 'policy_hidden' }, decision }
    case 'deny':
      return { denial: denialOf(policy, question, decided), decision }
    case 'approve':
      return {
        denial: { ...denialOf(policy, question, decided), reason: 'policy_needs_approval' },
        decision,
      }
    default:
      return decided.effect satisfies never
  }
}

const denialOf = (policy: Policy, question: Question, { rule, says }: Decision): PolicyDenial => ({
  reason: 'policy_denied',
  rule,
  says,
  opensAtMs: policy.opensAtMs(question),
})

/** Times at which something opens are looked for so many times in one survey: each can take a tenth of a second. */
const MOST_OPENINGS = 5

/** Decides one subject after another. Those of which the same rules say the same open at the same time. */
function lookInto(policy: Policy, about: AboutRequest): (one: AccessSubject) => Survey[number] {
  const openings = new Map<string, number | null>()
  const opensAtMs = (key: string, question: Question): number | null => {
    const known = openings.get(key)
    if (known !== undefined || openings.size >= MOST_OPENINGS) return known ?? null
    const found = policy.opensAtMs(question)
    openings.set(key, found)
    return found
  }
  return ({ subject, isTemplate, args }) => {
    const question: Question = { ...about, phase: args === null ? 'now' : 'call', subject, args }
    const { now, decision, canPass, isTimed, key } =
      args === null
        ? policy.outlook({ ...about, subject }, isTemplate)
        : outlookOfCall(policy.decide(question), subject)
    // What only some time or sign-in would show stays in lists, so it is no secret.
    if (decision.effect === 'hide' && !canPass) return null
    if (now !== 'no') return { now, denial: null, canPass }
    const { rule, says } = decision
    const opens = isTimed && (canPass || args !== null) ? opensAtMs(key, question) : null
    return { now, denial: { reason: REASONS[decision.effect], rule, says, opensAtMs: opens }, canPass }
  }
}

/** With all arguments known, as of one URI of a template. */
const outlookOfCall = (decision: Decision, { names }: Subject) => ({
  now: decision.effect === 'allow' ? ('yes' as const) : ('no' as const),
  decision,
  canPass: false,
  isTimed: true,
  key: names.join(' '),
})

const REASONS = {
  allow: 'policy_denied',
  hide: 'policy_hidden',
  deny: 'policy_denied',
  approve: 'policy_needs_approval',
} as const satisfies Record<Decision['effect'], PolicyDenial['reason']>
