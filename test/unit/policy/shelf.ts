import type { ArgumentTypes, PolicyCatalog } from '#policy/catalog.ts'
import { lint } from '#policy/lint.ts'
import { document, type RuleInput } from './support.ts'

const args = (types: Record<string, 'string' | 'int' | 'bool' | { list: 'string' }>): ArgumentTypes =>
  Object.fromEntries(
    Object.entries(types).map(([name, type]) => [
      name.replace('?', ''),
      { type, isOptional: name.endsWith('?') },
    ]),
  )

const subject = (
  kind: 'tool' | 'prompt' | 'resource',
  name: string,
  over: Partial<PolicyCatalog['subjects'][number]> = {},
) => ({ app: 'shelf', kind, name, isTemplate: false, writes: false, args: {}, ...over })

/** A product to lint rules for. */
export const SHELF: PolicyCatalog = {
  subjects: [
    subject('tool', 'listBooks', { args: args({ 'limit?': 'int', 'shelf?': 'string' }) }),
    subject('tool', 'lendBook', {
      writes: true,
      args: args({ id: 'string', days: 'int', 'note?': 'string' }),
    }),
    subject('tool', 'dropBook', { writes: true, args: args({ id: 'string' }) }),
    subject('tool', 'findMyActivity', { app: 'server' }),
    subject('prompt', 'recommend', { args: args({ topic: 'string' }) }),
    subject('resource', 'book://all'),
    subject('resource', 'book://{shelf}/{id}', {
      isTemplate: true,
      args: args({ shelf: 'string', id: 'string' }),
    }),
  ],
  claims: ['department'],
  hasGroups: true,
}

/** Findings of rules under default deny, as `rule code message`. */
export function found(
  rules: readonly RuleInput[],
  over: RuleInput = {},
  catalog: PolicyCatalog = SHELF,
): string[] {
  const findings = lint(document(rules, { default: 'deny', ...over }), catalog)
  return findings.map(({ level, rule: id, code, message }) => `${level} ${id} ${code}: ${message}`)
}

export const USER = 'Zm9vYmFyYmF6cXV4MTIzNA'

export const tool = (name: unknown) => ({ what: { kind: 'tool', name } })
