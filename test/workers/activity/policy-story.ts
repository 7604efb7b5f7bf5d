import type { z } from 'zod'
import type { AuditEvent } from '#events/event.ts'
import { ErrorBody } from '#operate/api-schema.ts'
import { PolicyChange, PolicyPreview, PolicyState, Switches } from '#operate/policy-schema.ts'
import type { Operator } from '../faults/operator.ts'
import { checkLog } from '../faults/shipping.ts'
import type { Answer } from '../wire.ts'

export const EDITOR = { roles: ['viewer' as const, 'policy-editor' as const] }

/** A document of the todos product: whoever it denies, by tool. `extra`: members of the document. */
export const documentOf = (denied: readonly string[], extra: object = {}): string =>
  JSON.stringify({
    version: 1,
    default: 'allow',
    rules: denied.map((tool) => ({
      id: `no-${tool.toLowerCase()}`,
      what: { kind: 'tool', name: tool },
      effect: 'deny',
      says: 'Not today.',
    })),
    ...extra,
  })

export const bodyOf = <T>(schema: z.ZodType<T>, { status, text }: Answer): T => {
  if (status !== 200) throw new Error(`${status} ${text}`)
  return schema.parse(JSON.parse(text))
}

/** Status, code and what is wrong. */
export function denialOf({ status, text }: Answer) {
  const { code, message, problems = [] } = ErrorBody.parse(JSON.parse(text)).error
  return { status, code, message, problems }
}

export const stateFor = async (operator: Operator) => bodyOf(PolicyState, await operator.get('/policy'))
export const switchesFor = async (operator: Operator) =>
  bodyOf(Switches, await operator.get('/switches')).switches
export const previewFor = async (operator: Operator, body: object) =>
  bodyOf(PolicyPreview, await operator.post('/policy/preview', body))

const base = async (operator: Operator) => ({ base: (await stateFor(operator)).inForce })

/** Proposes a document from what is in force now. */
export const apply = async (operator: Operator, document: string, act: string = crypto.randomUUID()) =>
  operator.post('/policy/apply', { act, document, reason: 'ticket 7', ...(await base(operator)) })

export const rollBack = async (operator: Operator, hash: string) =>
  operator.post('/policy/rollback', {
    act: crypto.randomUUID(),
    hash,
    reason: 'ticket 8',
    ...(await base(operator)),
  })

export const decide = (operator: Operator, how: 'confirm' | 'drop', hash: string) =>
  operator.post(`/policy/${how}`, { act: crypto.randomUUID(), hash, reason: 'ticket 9' })

export const changeIn = (answer: Answer) => bodyOf(PolicyChange, answer)

/** A document in force, whatever was before. */
export async function inForce(one: Operator, other: Operator, document: string): Promise<string> {
  const { outcome, hash } = changeIn(await apply(one, document))
  if (outcome === 'pending') changeIn(await decide(other, 'confirm', hash))
  return hash
}

/** What an operator's own chain says of changes: type, operation, subject, and how it ended. */
export async function recordOf({ user }: Operator): Promise<(readonly (string | undefined)[])[]> {
  const events: AuditEvent[] = await checkLog(user)
  return events.flatMap((event): (readonly (string | undefined)[])[] => {
    if (event.type === 'operator.began') return [['began', event.operation, event.subject]]
    if (event.type === 'operator.ended') return [[event.outcome, event.operation, event.result]]
    return []
  })
}
