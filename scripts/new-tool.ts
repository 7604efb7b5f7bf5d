/** `npm run new-tool renameTodo`: writes a tool and its test, and puts it on the lists. It overwrites nothing. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runScript, StartProblem } from './local/start-problem.ts'
import { addToExamples, addToIndex } from './new-tool/add-to-lists.ts'
import { namesOf, testText, toolText } from './new-tool/templates.ts'

const INDEX = 'src/todos/tools/index.ts'
const EXAMPLES = 'test/unit/todos/tools/examples.ts'

function main(): void {
  const { positionals } = parseArgs({ allowPositionals: true })
  const [name] = positionals
  if (name === undefined || positionals.length > 1)
    throw new StartProblem('One name, like: npm run new-tool renameTodo')
  const names = namesOf(name)
  if (names === null)
    throw new StartProblem(
      `${JSON.stringify(name)} is not a name for a tool: a verb and a noun in camelCase, like renameTodo; letters only, at most 64.`,
    )
  const files = {
    [`src/todos/tools/${names.file}.ts`]: toolText(names),
    [`test/unit/todos/tools/${names.file}.test.ts`]: testText(names),
  }
  const taken = Object.keys(files).filter((file) => existsSync(file))
  if (taken.length > 0) throw new StartProblem(`${taken.join(' and ')}: there already. Nothing was changed.`)
  const lists = {
    [INDEX]: addToIndex(readFileSync(INDEX, 'utf8'), names),
    [EXAMPLES]: addToExamples(readFileSync(EXAMPLES, 'utf8'), names),
  }
  for (const [file, text] of Object.entries(lists)) {
    if (text === null)
      throw new StartProblem(`${file} does not look as expected: add the tool by hand. Nothing was changed.`)
  }
  for (const [file, text] of Object.entries(files)) writeFileSync(file, text, { flag: 'wx' })
  for (const [file, text] of Object.entries(lists)) if (text !== null) writeFileSync(file, text)
  console.log(
    `Written: ${Object.keys(files).join(', ')}. On the lists of ${Object.keys(lists).join(' and ')}.`,
  )
  console.log('It counts todos. Say in its test what it should do, then change it (docs/your-own-api.md).')
  console.log('  npx vitest run --project unit test/unit/todos/tools')
}

await runScript(main)
