/** What a new tool is called everywhere: on the wire, in files, in a title. */
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

/** A tool that does something small, and says of itself what it is: it counts, until its author has changed it. */
export const toolText = ({ name, title }: ToolNames): string => `import { z } from 'zod'
import { ok } from '#lib/result.ts'
import { defineTool } from '../define.ts'
import { countOf } from './todo.ts'

/** As written by \`npm run new-tool\`: it counts the todos. Say what yours does, its test first (docs/your-own-api.md). */
export const ${name} = defineTool({
  name: '${name}',
  title: '${title}',
  description: 'Counts the todos of the signed-in user. It changes nothing. Use it to try a new tool.',
  input: z.strictObject({}),
  output: z.object({ total: z.int().min(0) }),
  scopes: ['todo:read'],
  effect: 'read',
  async run(_input, { api }) {
    const list = await api.list()
    return list.ok ? ok({ total: list.value.length }) : list
  },
  say: ({ total }) => \`\${countOf(total)}.\`,
})
`

export const testText = ({ name, file }: ToolNames): string => `import { expect, test } from 'vitest'
import { err, ok } from '#lib/result.ts'
import { ${name} } from '#todos/tools/${file}.ts'
import { contextWith } from './context.ts'

// Of the tool as \`npm run new-tool\` wrote it. Say here first what yours does.

test('${name} says how many todos there are, and nothing of what they say', async () => {
  const stored = [
    { id: '1', text: 'Buy milk', completed: false },
    { id: '2', text: 'Buy bread', completed: true },
  ]
  const answer = await ${name}.run({}, contextWith(ok(stored)))
  expect(answer).toEqual(ok({ structured: { total: 2 }, text: '2 todos.' }))
})

test('${name} hands on why the API said no', async () => {
  const problem = err({ reason: 'forbidden' as const })
  expect(await ${name}.run({}, contextWith(problem))).toEqual(problem)
})
`
