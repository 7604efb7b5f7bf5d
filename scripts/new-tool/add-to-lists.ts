import type { ToolNames } from './templates.ts'

const LIST = /^(export const tools: readonly ProductTool<\w+>\[\] = )\[([^\]]*)\]$/m
const WIDTH = 110

/** `tools/index.ts` with the tool at the end of its list, as the formatter writes it; null: it has another form. */
export function addToIndex(text: string, { name, file }: ToolNames): string | null {
  const [whole, head = '', inside = ''] = LIST.exec(text) ?? []
  if (whole === undefined) return null
  const all = inside.split(',').map((word) => word.trim())
  const names = [...all.filter((word) => word !== ''), name]
  const line = `${head}[${names.join(', ')}]`
  const list = line.length <= WIDTH ? line : `${head}[\n${names.map((one) => `  ${one},\n`).join('')}]`
  return `import { ${name} } from './${file}.ts'\n${text.replace(whole, () => list)}`
}

const EXAMPLES_END = /^\}\n*$/m

/** The list of examples with one call of the tool; null: it has another form. */
export function addToExamples(text: string, { name }: ToolNames): string | null {
  const end = text.trimEnd().length - 1
  if (!EXAMPLES_END.test(text) || text[end] !== '}') return null
  return `${text.slice(0, end)}  ${name}: { input: {} },\n}\n`
}
