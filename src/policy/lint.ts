import type { PolicyCatalog } from './catalog.ts'
import type { PolicyDocument } from './document.ts'
import { ConditionLint } from './lint-condition.ts'
import type { Finding } from './lint-finding.ts'
import { pairFindings } from './lint-pairs.ts'
import { matchedBy, reachOf, subjectFindings, subjectsOf } from './lint-subjects.ts'

/** What is wrong with a document for what a deployment offers, and what may surprise. In the order of its rules. */
export function lint(document: PolicyDocument, catalog: PolicyCatalog): Finding[] {
  const seen = new Set<string>()
  const conditions = new ConditionLint(catalog)
  const subjects = subjectsOf(catalog)
  const reaches = document.rules.map((rule) => reachOf(rule, subjects))
  const single = reaches.flatMap((reach): Finding[] => {
    const { rule } = reach
    const isRepeated = seen.has(rule.id)
    seen.add(rule.id)
    return [
      ...(isRepeated ? [{ ...DUPLICATE, rule: rule.id }] : []),
      ...effectFindings(document, rule),
      ...subjectFindings(reach, catalog),
      ...conditions.findings(rule, matchedBy(reach)),
    ]
  })
  return [...single, ...pairFindings(document, reaches)]
}

/** Only what keeps a document from taking force, as sentences. */
export const lintErrors = (document: PolicyDocument, catalog: PolicyCatalog): string[] =>
  lint(document, catalog)
    .filter(({ level }) => level === 'error')
    .map(({ rule, message }) => `rule ${rule}: ${message}`)

const DUPLICATE = {
  level: 'error',
  code: 'duplicate-id',
  message: 'another rule has the same id',
} as const

function effectFindings(
  document: PolicyDocument,
  { id, effect, mode, what }: PolicyDocument['rules'][number],
): Finding[] {
  const isServer = what.kind === 'server'
  if (effect === 'approve')
    return [
      {
        level: 'error',
        rule: id,
        code: 'approve',
        message: 'this release cannot give approvals: use deny, or leave the rule out',
      },
    ]
  if (effect === 'hide' && isServer)
    return [
      {
        level: 'error',
        rule: id,
        code: 'server-effect',
        message: 'a rule of kind server denies or allows: the server itself cannot be hidden',
      },
    ]
  if (effect !== 'allow') return []
  const why =
    mode === 'shadow'
      ? 'a shadow rule records what it would have denied, and this one allows'
      : document.default === 'allow' && !isServer
        ? 'the default allows already, and allow is weaker than every other effect'
        : null
  return why === null
    ? []
    : [{ level: 'warning', rule: id, code: 'changes-nothing', message: `it changes nothing: ${why}` }]
}
