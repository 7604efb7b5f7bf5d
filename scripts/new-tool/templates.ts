/** The names of a new tool: on the wire, as a file, as a title. */
export interface ToolNames {
  name: string
  file: string
  title: string
}

/** verbNoun, as clients see it: letters only, and at least two words. */
const VERB_NOUN = /^[a-z]+(?:[A-Z][a-z]*)+$/
const MOST_CHARACTERS = 64

/** null: not a name for a tool. */
export function namesOf(name: string): ToolNames | null {
  if (!VERB_NOUN.test(name) || name.length > MOST_CHARACTERS) return null
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return {
    name,
    file: words.replaceAll(' ', '-'),
    title: words.replace(/^./, (letter) => letter.toUpperCase()),
  }
}

/** A small tool that works in every product, until its author changes it: it needs no API. */
export const toolText = ({ name, title }: ToolNames, scope: string): string => `import { z } from 'zod'
import { ok } from '#lib/result.ts'
import { defineTool } from '../define.ts'

/** As written by \`npm run new-tool\`. Say what yours does, its test first (docs/your-own-api.md). */
export const ${name} = defineTool({
  name: '${name}',
  title: '${title}',
  description: 'Counts the scopes that this grant has. It changes nothing. Use it to try a new tool.',
  // Each argument says how the audit log keeps it: keptAs('personal', z.string()), of #catalog/argument-class.ts.
  input: z.strictObject({}),
  output: z.object({ total: z.int().min(0) }),
  scopes: ['${scope}'],
  effect: 'read',
  async run(_input, { me }) {
    return ok({ total: me.scopes.length })
  },
  say: ({ total }) => \`Scopes: \${total}.\`,
})
`

/** What its test imports the product by. */
export interface TestImports {
  readonly exportName: string
  readonly product: string
}

export const testText = (
  { name }: ToolNames,
  { exportName, product }: TestImports,
): string => `import { expect, test } from 'vitest'
import { ok } from '#lib/result.ts'
import { ${exportName} } from '${product}'
import { callTool } from '#harness/call-tool.ts'

// For the tool as \`npm run new-tool\` wrote it. Say here first what yours does.

test('${name} counts the scopes of the grant', async () => {
  const answer = await callTool(${exportName}, '${name}')
  const total = ${exportName}.scopes.length
  expect(answer).toEqual(ok({ structured: { total }, text: \`Scopes: \${total}.\` }))
})
`
