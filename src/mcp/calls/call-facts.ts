import { classify } from '#catalog/argument-class.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { CallFacts, type ClassifiedArguments, type EndFacts } from '#events/call-facts.ts'
import { withoutSecrets } from '#lib/redacted.ts'
import { kindOf } from '../lists/reads.ts'
import type { CallMessage } from './idempotency.ts'
import type { CallProblem } from './tool-denial.ts'

/** Where a call came from, as its request says. */
export const CallOrigin = CallFacts.pick({ network: true, agent: true, bytesIn: true, session: true })
export type CallOrigin = Pick<CallFacts, 'network' | 'agent' | 'bytesIn' | 'session'>

/** What the audit log keeps of a call that begins. `input`: the arguments as the tool gets them; null: they do not fit. */
export function callFacts(
  tool: Pick<AnyTool, 'name' | 'scopes' | 'input'>,
  input: Readonly<Record<string, unknown>> | null,
  meta: CallMessage['meta'],
  origin: CallOrigin,
): CallFacts {
  const progressToken = keptProgressToken(meta?.['progressToken'])
  // A value that does not fit its field may be anything, so none is kept.
  const given: ClassifiedArguments = input === null ? {} : classify(tool, input)
  return {
    kind: kindOf(tool),
    ...origin,
    ...(progressToken === undefined ? {} : { progressToken }),
    scopes: [...tool.scopes],
    arguments: given,
  }
}

const VISIBLE = /^[!-~]{1,64}$/

/** The client's own token, if it is short and cannot be a secret. */
function keptProgressToken(given: unknown): string | number | undefined {
  if (typeof given === 'number') return Number.isFinite(given) ? given : undefined
  if (typeof given !== 'string' || !VISIBLE.test(given)) return undefined
  return withoutSecrets(given) === given ? given : undefined
}

/** What the audit log keeps of a call that ends. `problem` null: it has an output. */
export const endFacts = (
  problem: CallProblem | null,
  { ms, api, by }: { ms: number; api: EndFacts['api']; by: EndFacts['confirmedBy'] },
): EndFacts => ({
  ...(problem === null ? {} : { reason: problem.reason }),
  ...(problem?.reason === 'broken' ? { incident: problem.incident } : {}),
  ms,
  ...(api === undefined ? {} : { api }),
  ...(by === undefined ? {} : { confirmedBy: by }),
})
