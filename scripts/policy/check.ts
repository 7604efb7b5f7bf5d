import { parseArgs } from 'node:util'
import { product } from '#harness/local/chosen-product.ts'
import { StartProblem } from '#harness/local/start-problem.ts'
import { lint } from '#policy/lint.ts'
import type { Print, PolicyCommand } from './commands.ts'
import { carriedFiles, type PolicyFile, readPolicyFile } from './files.ts'
import { type Offer, offerOf } from './offer.ts'

/** Checks documents against what the product offers; without a name, all that a deployment can carry. */
export const check: PolicyCommand = {
  usage: 'check [<file>] [--claim <name>]…',
  async run(args, print) {
    const { claims, files } = readArguments(args)
    const documents = files.length === 0 ? await carriedFiles() : await Promise.all(files.map(readPolicyFile))
    const offer = offerOf(product, claims)
    // Every document is reported, not only the first with an error.
    return documents.map((file) => report(file, offer, print)).every(Boolean) ? 0 : 1
  },
}

function readArguments(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { claim: { type: 'string', multiple: true }, product: { type: 'string' } },
    })
    return { claims: values.claim ?? [], files: positionals }
  } catch (error) {
    throw new StartProblem(
      `${error instanceof Error ? error.message : 'unclear'}\nnpm run policy -- ${check.usage}`,
    )
  }
}

/** Whether the document can take force. */
function report({ shown, read }: PolicyFile, offer: Offer, print: Print): boolean {
  if (!read.ok) {
    for (const problem of read.error) print(`${shown}: error: ${problem}`)
    return false
  }
  const { document, policy } = read.value
  const findings = lint(document, offer.policyCatalog)
  for (const { level, rule, code, message } of findings)
    print(`${shown}: ${level}: rule ${rule}: ${message} [${code}]`)
  const isValid = findings.every(({ level }) => level !== 'error')
  if (isValid)
    print(`${shown}: valid for ${offer.app}: ${rulesOf(document.rules.length)}, hash ${policy.hash}`)
  return isValid
}

const rulesOf = (count: number): string => (count === 1 ? '1 rule' : `${count} rules`)
