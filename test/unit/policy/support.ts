import { compilePolicy } from '#policy/compile.ts'
import { PolicyDocument } from '#policy/document.ts'
import type { Policy } from '#policy/policy.ts'
import type { Question } from '#policy/question.ts'

export type RuleInput = Record<string, unknown>

/** A rule that allows every tool, with what a test says otherwise. */
export const rule = (id: string, over: RuleInput = {}): RuleInput => ({
  id,
  what: { kind: 'tool' },
  effect: 'deny',
  says: `Rule ${id} spoke.`,
  ...over,
})

export const document = (rules: readonly RuleInput[], over: RuleInput = {}): PolicyDocument =>
  PolicyDocument.parse({ version: 1, default: 'allow', rules, ...over })

/** Throws with the problems of a document that cannot be compiled. */
export async function policyOf(rules: readonly RuleInput[], over: RuleInput = {}): Promise<Policy> {
  const compiled = await compilePolicy(document(rules, over))
  if (!compiled.ok) throw new Error(compiled.error.join('\n'))
  return compiled.value
}

/** What is wrong with the rules; empty: nothing. */
export async function problemsOf(...rules: RuleInput[]): Promise<string[]> {
  const compiled = await compilePolicy(document(rules))
  return compiled.ok ? [] : compiled.error
}

/** 2026-11-30, a Monday, 09:30 UTC. */
export const MONDAY_MS = Date.parse('2026-11-30T09:30:00Z')

/** A call of the tool `renameTodo` by a user, with what a test says otherwise. */
export const question = (over: Partial<Question> = {}): Question => ({
  phase: 'call',
  subject: { app: 'todos', kind: 'tool', names: ['renameTodo'] },
  user: { id: 'user-ada', groups: ['staff'], claims: { department: ['sales'] }, acr: 'policy-1' },
  client: { id: 'https://client.example/metadata', domain: 'client.example', kind: 'document' },
  request: { network: '192.0.2.0/24', authAgeSeconds: 120, transport: 'stateless' },
  nowMs: MONDAY_MS,
  args: {},
  ...over,
})

/** The same in a list. */
export const listed = (over: Partial<Question> = {}): Question =>
  question({ phase: 'list', args: null, ...over })
