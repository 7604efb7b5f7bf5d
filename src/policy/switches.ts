import { z } from 'zod'
import type { PolicyClient, Subject } from './question.ts'

/** What an operator can switch off. */
export const SwitchTarget = z.discriminatedUnion('kind', [
  /** The name of the user's object. */
  z.strictObject({ kind: z.literal('user'), value: z.string().min(1).max(64) }),
  z.strictObject({ kind: z.literal('client'), value: z.string().min(1).max(2048) }),
  /** The verified domain of clients with a metadata document. */
  z.strictObject({ kind: z.literal('domain'), value: z.string().min(1).max(253) }),
  z.strictObject({ kind: z.literal('tool'), value: z.string().min(1).max(128) }),
  z.strictObject({ kind: z.literal('app'), value: z.string().min(1).max(64) }),
  /** `/mcp` as a whole. It never closes `/me`, ending access, or operators. */
  z.strictObject({ kind: z.literal('everything') }),
])
export type SwitchTarget = z.infer<typeof SwitchTarget>

export const Switch = z.strictObject({
  /** The id of the operator's act. */
  id: z.uuid(),
  target: SwitchTarget,
  /** A sentence for the users whom it concerns. */
  says: z.string().min(1).max(300),
  sinceMs: z.int(),
  /** null: until an operator switches it on again. */
  untilMs: z.int().nullable(),
})
export type Switch = z.infer<typeof Switch>

export const MOST_SWITCHES = 100

/** What of Control's head goes along with a request: the hash of the policy in force, and the switches. */
export interface PolicyHead {
  policy: string
  switches: readonly Switch[]
}

/** What a switch can concern. `subject` null: only user, client, domain and everything are looked at. */
interface SwitchQuestion {
  user: string
  client: Pick<PolicyClient, 'id' | 'domain'>
  subject: Subject | null
}

/** The switch that concerns a request; null: none. Of several, the one that lasts longest. */
export function switchedOff(
  switches: readonly Switch[],
  question: SwitchQuestion,
  nowMs: number,
): Switch | null {
  const endOf = ({ untilMs }: Switch) => untilMs ?? Infinity
  const concerning = switches.filter((one) => endOf(one) > nowMs && concerns(one.target, question))
  return concerning.reduce<Switch | null>(
    (last, one) => (last === null || endOf(one) > endOf(last) ? one : last),
    null,
  )
}

function concerns(target: SwitchTarget, { user, client, subject }: SwitchQuestion): boolean {
  switch (target.kind) {
    case 'everything':
      return true
    case 'user':
      return target.value === user
    case 'client':
      return target.value === client.id
    case 'domain':
      return target.value === client.domain
    case 'tool':
      return subject?.kind === 'tool' && subject.names.includes(target.value)
    case 'app':
      return subject?.app === target.value
    default:
      return target satisfies never
  }
}
