import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

const OTHERS = ['**/node_modules/**', '**/.wrangler/**', '.git/**']

/** Every Markdown page of the repository. Only folders with pages are searched: node_modules has too many files. */
export const pageNames = (): readonly string[] =>
  ['*.md', '{docs,examples,emulators,.github,.changeset}/**/*.md']
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT, exclude: OTHERS }))
    .toSorted()

export const readPage = (page: string): string => readFileSync(join(ROOT, page), 'utf8')

/** Where a check found something wrong. */
export interface PageProblem {
  readonly page: string
  readonly line: number
  readonly text: string
}

/** One fenced code block. Attributes follow the language: ` ```sh not-run="needs an account" `. */
export interface CodeBlock {
  readonly page: string
  /** Of the opening fence. */
  readonly line: number
  readonly language: string
  readonly attributes: ReadonlyMap<string, string>
  readonly code: string
}

const FENCE = /^(?<indent> *)(?<marks>`{3,}|~{3,})(?<info>[^`]*)$/
const ATTRIBUTE = /([\w-]+)(?:="([^"]*)")?/g

export const codeBlocks = (page: string, text = readPage(page)): readonly CodeBlock[] => {
  const blocks: CodeBlock[] = []
  let open: { fence: RegExpExecArray; line: number; lines: string[] } | undefined
  for (const [at, line] of text.split('\n').entries()) {
    const fence = FENCE.exec(line)
    const { indent = '', marks = '', info = '' } = open?.fence.groups ?? {}
    if (open === undefined) {
      if (fence !== null) open = { fence, line: at + 1, lines: [] }
    } else if (line.trim() === marks) {
      const [, language = '', rest = ''] = /^\s*(\S*)(.*)$/.exec(info) ?? []
      const attributes = new Map(
        [...rest.matchAll(ATTRIBUTE)].map(([, name = '', value = '']) => [name, value]),
      )
      blocks.push({ page, line: open.line, language, attributes, code: open.lines.join('\n') })
      open = undefined
    } else open.lines.push(line.startsWith(indent) ? line.slice(indent.length) : line)
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: this code block has no end`)
  return blocks
}

/** The page with empty lines in place of code blocks, so that line numbers stay. */
export const withoutCode = (text: string): string =>
  text.replaceAll(/^( *)(`{3,}|~{3,})[\s\S]*?^ *\2 *$/gm, (block) => block.replaceAll(/[^\n]/g, ''))
