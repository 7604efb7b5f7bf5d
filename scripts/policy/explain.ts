import { product } from '#harness/local/chosen-product.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import type { Effect } from '#policy/document.ts'
import type { Policy } from '#policy/policy.ts'
import type { Explanation, Question, SpokenRule } from '#policy/question.ts'
import type { PolicyCommand } from './commands.ts'
import { readPolicyFile } from './files.ts'
import { offerOf } from './offer.ts'
import { EXPLAIN_FORM, questionOf, readOptions } from './question.ts'

/** Prints the decision for a question, and what every rule said to it. Exit code 1: it is not allowed. */
export const explain: PolicyCommand = {
  usage: EXPLAIN_FORM,
  async run(args, print) {
    const options = readOptions(args)
    const { shown, read } = await readPolicyFile(options.document ?? 'default')
    if (!read.ok) throw new StartProblem(read.error.map((problem) => `${shown}: ${problem}`).join('\n'))
    const { policy, document } = read.value
    const question = questionOf(options, offerOf(product), Date.now())
    const explanation = policy.explain(question)
    const opensAt = openingOf(policy, question, explanation)
    if (options.json === true) {
      const { decision, spoke } = explanation
      print(JSON.stringify({ document: shown, hash: policy.hash, decision, opensAt, spoke }, null, 2))
    } else {
      const fallback = `the default of the document (${document.default})`
      for (const line of linesOf(question, explanation, opensAt, fallback)) print(line)
      print(`policy ${shown}, hash ${policy.hash}`)
    }
    return explanation.decision.effect === 'allow' ? 0 : 1
  },
}

/** null: not by waiting, or it is open. */
function openingOf(policy: Policy, question: Question, { decision }: Explanation): string | null {
  if (decision.effect === 'allow' || question.phase === 'list') return null
  const ms = policy.opensAtMs(question)
  return ms === null ? null : new Date(ms).toISOString()
}

function linesOf(
  { subject, phase, nowMs }: Question,
  { decision, spoke }: Explanation,
  opensAt: string | null,
  fallback: string,
): string[] {
  const { effect, rule, says, wouldDeny } = decision
  const what = subject.kind === 'server' ? 'connecting' : `${subject.kind} ${subject.names[0]}`
  const by = rule === null ? fallback : `rule ${rule}: ${says}`
  const waiting = opensAt === null ? 'waiting does not open it' : `opens ${opensAt}`
  const when = phase === 'list' ? 'in a list' : 'when it is called'
  return [
    `${what}: ${WORDS[effect]} ${when}, by ${by}`,
    ...(effect === 'allow' || phase === 'list'
      ? []
      : [`${waiting} (asked for ${new Date(nowMs).toISOString()})`]),
    ...wouldDeny.map((id) => `shadow rule ${id} would have denied it`),
    spoke.length === 0 ? 'no rule is about it' : 'rules that are about it:',
    ...spoke.map((one) => `  ${lineOf(one, rule)}`),
  ]
}

function lineOf({ id, effect, mode, verdict, counted }: SpokenRule, winner: string | null): string {
  const part = id === winner ? 'decides' : counted ? 'counts' : 'does not count'
  const shadow = mode === 'shadow' ? ' (shadow)' : ''
  return `${id}: ${effect}${shadow}, ${VERDICTS[verdict]}, ${part}`
}

const WORDS: Readonly<Record<Effect, string>> = {
  hide: 'hidden',
  deny: 'denied',
  approve: 'denied, because it needs an approval',
  allow: 'allowed',
}

const VERDICTS: Readonly<Record<SpokenRule['verdict'], string>> = {
  matched: 'it matches',
  maybe: 'it depends on the call',
  failed: 'its condition failed',
  'other-who': 'it means other users',
  'if-false': 'its condition is false',
}
