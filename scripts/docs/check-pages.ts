import { spawnSync } from 'node:child_process'
import { commandFaults } from './commands.ts'
import { dataFaults } from './data.ts'
import { linkProblems } from './links.ts'
import { type CodeBlock, codeBlocks, pageNames, type PageProblem } from './pages.ts'
import { typeProblems } from './typescript.ts'

/**
 * How each language is checked. Types of all blocks are checked in one run. A diagram has a known kind; its steps are
 * compared with the code by test/unit/docs.test.ts. An exchange and plain text are read, not run.
 */
const CHECKS: Readonly<
  Record<string, (block: CodeBlock, ofPage: readonly CodeBlock[]) => readonly string[]>
> = {
  sh: commandFaults,
  json: dataFaults,
  jsonc: dataFaults,
  ts: () => [],
  // Programs of other packages, which are not installed here.
  js: syntaxFaults,
  mermaid: ({ code }) =>
    /^(?:sequenceDiagram|flowchart (?:TB|TD|LR)|stateDiagram-v2)$/m.test(code)
      ? []
      : ['it is no known kind of diagram'],
  http: () => [],
  text: () => [],
}
function syntaxFaults({ code }: CodeBlock): readonly string[] {
  const { status, stderr } = spawnSync(process.execPath, ['--check', '--input-type=module', '-'], {
    input: code,
    encoding: 'utf8',
  })
  return status === 0 ? [] : [`it does not parse: ${/^\w*Error: .*$/m.exec(stderr)?.[0] ?? stderr}`]
}

const KNOWN = Object.keys(CHECKS).join(', ')

/** What is wrong with these code blocks. A language without a class fails. */
export function blockProblems(blocks: readonly CodeBlock[]): readonly PageProblem[] {
  const faults = blocks.flatMap((block) => {
    const check = CHECKS[block.language]
    const texts = check?.(
      block,
      blocks.filter(({ page }) => page === block.page),
    ) ?? [`"${block.language}" is no language that is checked: ${KNOWN}`]
    return texts.map((text) => ({ page: block.page, line: block.line, text }))
  })
  return [...faults, ...typeProblems(blocks.filter(({ language }) => language === 'ts'))]
}

/** All code blocks and links of all pages. */
export function pageProblems(): readonly PageProblem[] {
  const pages = pageNames()
  return [
    ...pages.flatMap((page) => linkProblems(page)),
    ...blockProblems(pages.flatMap((page) => codeBlocks(page))),
  ]
}
