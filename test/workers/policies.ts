import { HEAD } from '#harness/policy.ts'
import { compilePolicy } from '#policy/compile.ts'
import { PolicyDocument } from '#policy/document.ts'
import type { Policy } from '#policy/policy.ts'
import type { PolicyHead, Switch, SwitchTarget } from '#policy/switches.ts'

const compiled = new Map<string, Policy>()
const open = PolicyDocument.parse({ version: 1, default: 'allow', rules: [] })

/** The policies of a test's isolate: what Control holds in a deployment. */
export const control = {
  /** What requests go along with; null: no head is young enough. */
  head: HEAD as PolicyHead | null,
  /** Documents cannot be read. */
  isDown: false,
  /** Whether each request wanted a head that is read anew. */
  newReads: [] as boolean[],
}

async function compile(document: PolicyDocument): Promise<Policy> {
  const policy = await compilePolicy(document)
  if (!policy.ok) throw new Error(policy.error.join('\n'))
  return policy.value
}

/** Puts a document in force; the rules need no `says`. */
export async function enforce(
  rules: readonly object[],
  { byDefault = 'allow', switches = [] }: { byDefault?: string; switches?: Switch[] } = {},
): Promise<void> {
  const said = rules.map((rule) => ({ says: 'Ask the platform team.', ...rule }))
  const policy = await compile(PolicyDocument.parse({ version: 1, default: byDefault, rules: said }))
  compiled.set(policy.hash, policy)
  control.head = { policy: policy.hash, switches }
}

/** Everything is allowed again. */
export function allowAll(): void {
  control.head = HEAD
  control.isDown = false
  control.newReads.length = 0
}

export async function policyOf(hash: string): Promise<Policy | null> {
  if (control.isDown) return null
  if (hash === HEAD.policy && !compiled.has(hash)) compiled.set(hash, await compile(open))
  return compiled.get(hash) ?? null
}

export const head = async (_env: unknown, _afterAnswer: unknown, isNewRead: boolean) => {
  control.newReads.push(isNewRead)
  return control.head
}

export const switchOf = (target: SwitchTarget, given: Partial<Switch> = {}): Switch => ({
  id: crypto.randomUUID(),
  target,
  says: 'It is being repaired.',
  sinceMs: 0,
  untilMs: null,
  ...given,
})
