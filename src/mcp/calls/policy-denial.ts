import { boundedText } from '#lib/bounded-text.ts'
import type { PolicyDenial } from '#policy/policy.ts'

/**
 * The words for a model: what policy does not allow, why, when it opens, and what to do next. The sentence of a rule or switch
 * is the operator's, so it is quoted and marked as such.
 */
export function sayPolicy({ reason, rule, says, opensAtMs }: PolicyDenial): string {
  const why = says === null ? '' : ` Its operator says: “${boundedText(says, MOST_CHARACTERS)}”`
  const named = rule === null ? '' : ` (rule ${rule})`
  switch (reason) {
    case 'switched_off':
      return `An operator of this server has switched this off. Nothing was changed.${why} ${whenOn(opensAtMs)}`
    case 'policy_hidden':
      return 'This server has nothing of this name for this user now. Nothing was changed. Ask for its lists to see what it has.'
    case 'policy_denied':
      return `The policy of this server does not allow this${named || BY_DEFAULT}. Nothing was changed.${why} ${whenOpen(opensAtMs)}`
    case 'policy_needs_approval':
      return `The policy of this server wants this approved first${named}, and this server cannot ask for approvals yet. Nothing was changed.${why} Do not try again; tell the user.`
    case 'policy_no_access':
      return `The policy of this server does not let this user connect${named || BY_DEFAULT}. Nothing was changed.${why} ${whenOpen(opensAtMs)}`
    case 'policy_unavailable':
      return 'This server cannot read its policy now, so nothing was decided and nothing was changed. Try again in a moment.'
    default:
      return reason satisfies never
  }
}

const MOST_CHARACTERS = 300
const BY_DEFAULT = ': no rule allows it'

const instant = (ms: number) => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

const whenOpen = (opensAtMs: number | null): string =>
  opensAtMs === null
    ? 'Waiting does not change it: do not try again as it is. Tell the user, who can ask the operator of this server.'
    : `It opens at ${instant(opensAtMs)}: tell the user, and try again then.`

const whenOn = (untilMs: number | null): string =>
  untilMs === null
    ? 'It stays off until an operator switches it on: do not try again; tell the user.'
    : `It is on again at ${instant(untilMs)}: tell the user, and try again then.`

/** The facts of a denial, for programs: in `_meta` of a tool error, or in `data` of a JSON-RPC error. */
export const policyFacts = ({ reason, rule, opensAtMs }: PolicyDenial): Record<string, unknown> => ({
  reason,
  ...(rule === null ? {} : { rule }),
  ...(opensAtMs === null ? {} : { opensAt: new Date(opensAtMs).toISOString() }),
})
