import { err, ok, type Result } from '#lib/result.ts'
import { policyHash } from './canonical.ts'
import { ConditionCompiler } from './condition.ts'
import { judge } from './decide.ts'
import type { Effect, PolicyDocument } from './document.ts'
import { factsOf } from './facts.ts'
import { opensAtMs } from './opens-at.ts'
import { outlook } from './outlook.ts'
import { matchesName } from './pattern.ts'
import type { Policy } from './policy.ts'
import type { Question, Subject } from './question.ts'
import { scopeOf } from './rule-scope.ts'
import { type CompiledRule, compileRules, RuleIndex } from './rules.ts'
import { meetsTemplate } from './template-names.ts'

/** Compiles a document that was parsed. The errors are sentences for the author of the policy. */
export async function compilePolicy(document: PolicyDocument): Promise<Result<Policy, string[]>> {
  const rules = compileRules(document, new ConditionCompiler())
  if (!rules.ok) return err(rules.error)
  const index = new RuleIndex(rules.value)
  const fallbackFor = fallbacks(document, rules.value)
  const explain = (question: Question) =>
    judge(index.about(question.subject), question, factsOf(question), fallbackFor(question.subject))
  return ok({
    hash: await policyHash(document),
    claimsMaxAgeSeconds: document.claimsMaxAgeSeconds,
    readsClaims: rules.value.some(readsClaims),
    hasServerRules: rules.value.some(isAboutServer),
    decide: (question) => explain(question).decision,
    explain,
    opensAtMs: (question) =>
      opensAtMs(index.about(question.subject), question, factsOf(question), fallbackFor(question.subject)),
    outlook: (about, isTemplate) =>
      outlook(
        {
          rules: index.about(about.subject),
          // Rules that name a URI of the template, and not the template itself.
          ofSomeUris: isTemplate ? rulesOfUris(document, rules.value, about.subject) : [],
          fallback: fallbackFor(about.subject),
        },
        about,
      ),
  })
}

/** The effect where no rule counts. Connecting is allowed, unless the document says who may. */
function fallbacks(document: PolicyDocument, rules: readonly CompiledRule[]): (subject: Subject) => Effect {
  const saysWhoConnects = rules.some(
    (rule) => isAboutServer(rule) && rule.effect === 'allow' && rule.mode === 'enforce',
  )
  const connecting = saysWhoConnects ? 'deny' : 'allow'
  return ({ kind }) => (kind === 'server' ? connecting : document.default)
}

const isAboutServer = ({ kinds }: CompiledRule): boolean => kinds.includes('server')

const readsClaims = ({ who, condition }: CompiledRule): boolean =>
  who?.some((one) => !('user' in one)) === true ||
  (condition !== null && (condition.reads.groups || condition.reads.claims.size > 0))

/** The rules that may be about a URI of a template, and are not about the template. */
function rulesOfUris(
  { rules: given }: PolicyDocument,
  rules: readonly CompiledRule[],
  { app, kind, names: [template = ''] }: Subject,
): CompiledRule[] {
  return rules.filter((rule, at) => {
    const written = given[at]
    if (written === undefined || rule.name === null || !rule.kinds.includes(kind)) return false
    if (rule.writes === true || matchesName(rule.name, template)) return false
    if (rule.app !== null && !matchesName(rule.app, app)) return false
    return scopeOf(written).name?.some((pattern) => meetsTemplate(pattern, template) !== 'no') === true
  })
}
