import type { PolicyCatalog } from './catalog.ts'
import type { Rule, Who } from './document.ts'
import { type Finding, type FindingCode, someOf } from './lint-finding.ts'
import { isMeant, type RuleScope, type ScopePattern, scopeOf } from './rule-scope.ts'
import { meetsTemplate } from './template-names.ts'

export type CatalogSubject = Omit<PolicyCatalog['subjects'][number], 'kind'> & {
  readonly kind: 'tool' | 'prompt' | 'resource' | 'server'
}

type Answer = 'yes' | 'no' | 'unknown'

/** The connection itself: it is in no catalog. */
const CONNECTION: CatalogSubject = {
  app: 'server',
  kind: 'server',
  name: 'mcp',
  isTemplate: false,
  writes: false,
  args: {},
}

export const subjectsOf = ({ subjects }: PolicyCatalog): CatalogSubject[] => [CONNECTION, ...subjects]

/** Whether a rule is about a subject; of a template, about some URI of it. */
function isAbout(scope: RuleScope, subject: CatalogSubject): Answer {
  const { kinds, app, name, rule } = scope
  const { writes } = rule.what
  if (!kinds.includes(subject.kind)) return 'no'
  if (writes !== undefined && writes !== subject.writes) return 'no'
  if (!isMeant(app, subject.app)) return 'no'
  if (name === null) return 'yes'
  const answers = name.map((pattern) => meets(pattern, subject))
  return answers.find((answer) => answer === 'yes') ?? answers.find((answer) => answer === 'unknown') ?? 'no'
}

function meets(pattern: ScopePattern, { name, isTemplate }: CatalogSubject): Answer {
  if (isTemplate) return meetsTemplate(pattern, name)
  return isMeant([pattern], name) ? 'yes' : 'no'
}

/** A rule, and whether it is about each subject of the catalog. */
export interface RuleReach extends RuleScope {
  readonly answers: readonly { readonly subject: CatalogSubject; readonly answer: Answer }[]
}

export function reachOf(rule: Rule, subjects: readonly CatalogSubject[]): RuleReach {
  const scope = scopeOf(rule)
  return { ...scope, answers: subjects.map((subject) => ({ subject, answer: isAbout(scope, subject) })) }
}

/** The subjects that a rule surely matches. */
export const matchedBy = ({ answers }: RuleReach): CatalogSubject[] =>
  answers.flatMap(({ subject, answer }) => (answer === 'yes' ? subject : []))

/** What a rule is about and whom it means, against the catalog. */
export function subjectFindings(reach: RuleReach, catalog: PolicyCatalog): Finding[] {
  const { rule } = reach
  const finding = (code: FindingCode, message: string): Finding => ({
    level: code === 'unproven' ? 'warning' : 'error',
    rule: rule.id,
    code,
    message,
  })
  const findings = [
    ...patternFindings(reach, finding),
    ...(rule.who ?? []).flatMap((who) => whoFindings(who, catalog, finding)),
  ]
  const isAboutNothing = reach.answers.every(({ answer }) => answer === 'no')
  return isAboutNothing && findings.length === 0
    ? [finding('matches-nothing', `there is no ${wordsOf(reach)} here`)]
    : findings
}

type MakeFinding = (code: FindingCode, message: string) => Finding

/** Each pattern of a rule must match something: one that does not is a typing error, or names what is gone. */
function patternFindings({ rule, kinds, app, name, answers }: RuleReach, finding: MakeFinding): Finding[] {
  const ofKind = answers.map(({ subject }) => subject).filter(({ kind }) => kinds.includes(kind))
  const apps = [...new Set(ofKind.map((subject) => subject.app))]
  const ofApp = ofKind.filter((subject) => isMeant(app, subject.app))
  const appFindings = (app ?? []).flatMap((pattern): Finding[] => {
    if (!pattern.compiled.ok) return pattern.compiled.error.map((problem) => finding('bad-pattern', problem))
    if (apps.some((one) => isMeant([pattern], one))) return []
    return [finding('unknown-app', `no app is ${shown(pattern)}: there are ${someOf(apps)}`)]
  })
  const nameFindings = (name ?? []).flatMap((pattern): Finding[] => {
    if (!pattern.compiled.ok) return pattern.compiled.error.map((problem) => finding('bad-pattern', problem))
    const found = ofApp.map((subject) => meets(pattern, subject))
    if (found.includes('yes')) return []
    if (found.includes('unknown'))
      return [
        finding(
          'unproven',
          `${shown(pattern)} matches no resource and none of the tried URIs of a template: try one with npm run policy -- explain`,
        ),
      ]
    const names = ofApp.map((subject) => subject.name)
    const known = names.length === 0 ? '' : `: there are ${someOf(names)}`
    return [finding('unknown-name', `no ${kindWord(rule.what.kind)} is ${shown(pattern)}${known}`)]
  })
  return [...appFindings, ...nameFindings]
}

/** The name of a user's object (src/users/base/user-id.ts). */
const USER = /^[A-Za-z0-9_-]{22}$/

function whoFindings(who: Who, { claims, hasGroups }: PolicyCatalog, finding: MakeFinding): Finding[] {
  if ('user' in who)
    return USER.test(who.user)
      ? []
      : [
          finding(
            'never-matches',
            `no user has the id ${who.user}: it has 22 characters, and npm run operate -- list shows it`,
          ),
        ]
  if ('group' in who) return hasGroups ? [] : [finding('no-groups', NO_GROUPS)]
  return claims.includes(who.claim) ? [] : [finding('unknown-claim', unknownClaim(who.claim, claims))]
}

export const NO_GROUPS = 'it reads groups, and the setting OPERATOR_CLAIM names no claim that has them'

export const unknownClaim = (claim: string, claims: readonly string[]): string =>
  `the setting POLICY_CLAIMS does not name the claim ${claim}` +
  (claims.length === 0 ? '' : `: it names ${someOf(claims)}`)

const shown = ({ pattern }: ScopePattern): string =>
  typeof pattern === 'string'
    ? pattern
    : 'glob' in pattern
      ? `matched by the glob ${pattern.glob}`
      : `matched by the expression ${pattern.regex}`

const kindWord = (kind: string): string => (kind === 'any' ? 'tool, prompt or resource' : kind)

function wordsOf({ rule: { what } }: RuleScope): string {
  const kind = kindWord(what.kind)
  if (what.writes === undefined) return kind
  return `${kind} that ${what.writes ? 'writes' : 'only reads'} and is meant by this rule`
}
