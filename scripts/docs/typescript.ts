import { spawnSync } from 'node:child_process'
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { productNames, renamed } from '../new-product/rename.ts'
import { type CodeBlock, type PageProblem, ROOT } from './pages.ts'

interface Context {
  readonly file: string
  readonly before: string
  readonly after: string
}

/** Code around a block that shows only a part of a file: ` ```ts context="confirm" `. */
const CONTEXTS: Readonly<Record<string, Context>> = {
  /** A member of a tool of the todos. */
  confirm: {
    file: 'src/todos/tools/block.ts',
    before: `import { z } from 'zod'
import { ok } from '#lib/result.ts'
import { defineTool } from '../define.ts'
import { showTodo } from './todo.ts'
export const block = defineTool({
  name: 'block', title: 'Block', description: 'A block of a page.', scopes: ['todo:write'], effect: 'delete',
  input: z.strictObject({ ids: z.array(z.string()) }), output: z.object({}),
  run: async () => ok({}),
  say: () => 'Nothing.',
`,
    after: '})',
  },
  /** The input of a tool. */
  input: {
    file: 'src/todos/tools/block.ts',
    before: `import { z } from 'zod'
import { keptAs } from '#catalog/argument-class.ts'
export const block =
`,
    after: '',
  },
  /** A file in resources/ of a product that `npm run new-product invoices` made and that can list its ids. */
  template: {
    file: 'src/invoices/resources/block.ts',
    before: `import { z } from 'zod'
import { definersFor } from '#catalog/define-product.ts'
import { keptAs } from '#catalog/argument-class.ts'
import type { ToolDenial } from '#catalog/tool-denial.ts'
import { boundedText, quotedJson } from '#lib/bounded-text.ts'
import { ok, type Result } from '#lib/result.ts'
import type { InvoiceStore } from '../api/client.ts'
interface Store extends InvoiceStore { ids(): Promise<Result<readonly string[], ToolDenial>> }
const { defineTemplate } = definersFor<Store>()
`,
    after: '',
  },
}

/**
 * Type-checks all blocks in one run, in a copy of src/ that has the product invoices too. `file="src/…"` names the file
 * that a block is; without it the block is a file in src/.
 */
export function typeProblems(blocks: readonly CodeBlock[]): readonly PageProblem[] {
  if (blocks.length === 0) return []
  const copy = mkdtempSync(join(tmpdir(), 'code-blocks-'))
  try {
    copySources(copy)
    const problems: PageProblem[] = []
    const placed = new Map<string, { block: CodeBlock; firstLine: number }>()
    for (const [at, block] of blocks.entries()) {
      const name = block.attributes.get('context')
      const context = name === undefined ? undefined : CONTEXTS[name]
      const file = context?.file.replace(/block\.ts$/, `block-${at}.ts`)
      const path = file ?? block.attributes.get('file') ?? `src/block-${at}.ts`
      if (name !== undefined && context === undefined)
        problems.push({ ...block, text: `there is no context ${name} in scripts/docs/typescript.ts` })
      placed.set(path, { block, firstLine: (context?.before.split('\n').length ?? 1) - 1 })
      mkdirSync(dirname(join(copy, path)), { recursive: true })
      writeFileSync(join(copy, path), `${context?.before ?? ''}${block.code}\n${context?.after ?? ''}\n`)
    }
    return [...problems, ...compile(copy, placed)]
  } finally {
    rmSync(copy, { recursive: true })
  }
}

function copySources(copy: string): void {
  for (const path of ['src', 'package.json', 'tsconfig.json', 'wrangler.jsonc'])
    cpSync(join(ROOT, path), join(copy, path), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  makeTypes(copy)
  const names = productNames('invoices')
  if (names === null) throw new Error('invoices is no name of a product')
  for (const file of globSync('**/*.ts', {
    cwd: join(ROOT, 'examples/notes'),
    exclude: ['local-api/**', '**/*.test.ts'],
  })) {
    const path = join(copy, 'src/invoices', renamed(file, names))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, renamed(readFileSync(join(ROOT, 'examples/notes', file), 'utf8'), names))
  }
}

/** A fresh clone has no worker-configuration.d.ts yet: it is generated, and git does not keep it. */
function makeTypes(copy: string): void {
  const parameters = ['types', 'worker-configuration.d.ts', '--strict-vars=false']
  const emptyEnv = `--env-file=${join(ROOT, 'harness/empty.env')}`
  const wrangler = join(ROOT, 'node_modules/.bin/wrangler')
  const { status, stdout, stderr } = spawnSync(wrangler, [...parameters, emptyEnv], {
    cwd: copy,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`wrangler types ended with ${status}: ${stdout}${stderr}`)
}

function compile(
  copy: string,
  placed: ReadonlyMap<string, { block: CodeBlock; firstLine: number }>,
): readonly PageProblem[] {
  // A block may import a name only to show it.
  const options = {
    extends: './tsconfig.json',
    compilerOptions: { noUnusedLocals: false },
    include: [...placed.keys(), 'worker-configuration.d.ts'],
  }
  writeFileSync(join(copy, 'tsconfig.blocks.json'), JSON.stringify(options))
  const compiler = join(ROOT, 'node_modules/.bin/tsc')
  const parameters = ['--noEmit', '--pretty', 'false', '--project', 'tsconfig.blocks.json']
  const { status, stdout, stderr } = spawnSync(compiler, parameters, { cwd: copy, encoding: 'utf8' })
  if (status === 0) return []
  const errors = [...stdout.matchAll(/^(\S+\.tsx?)\((\d+),\d+\): error (.*)$/gm)]
  const found = errors.flatMap(([, file = '', line = '', text = '']): readonly PageProblem[] => {
    const at = placed.get(file)
    return at === undefined
      ? []
      : [{ page: at.block.page, line: at.block.line + Number(line) - at.firstLine, text }]
  })
  if (found.length === 0) throw new Error(`The compiler ended with ${status}: ${stdout}${stderr}`)
  return found
}
