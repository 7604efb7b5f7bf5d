/**
 * `npm run new-tool renameTodo`: writes a tool and its test, and puts it on the lists of the product that src/index.ts
 * serves, or of another one: `-- --product notes`. It overwrites nothing.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { engineTools } from '#catalog/define-product.ts'
import { runScript, StartProblem } from '#harness/local/start-problem.ts'
import { addToExamples, addToIndex } from './new-tool/add-to-lists.ts'
import { namesOf, testText, toolText } from './new-tool/templates.ts'
import { chosen } from '#harness/local/chosen-product.ts'

/** Tests in test/unit if the product has some there, else beside the tools. */
function placesOf({ folder, exportName }: typeof chosen) {
  const tools = `${folder}/tools`
  const elsewhere = `test/unit/${basename(folder)}/tools`
  return existsSync(elsewhere)
    ? { tools, tests: elsewhere, imports: { exportName, product: `#${basename(folder)}/index.ts` } }
    : { tools, tests: tools, imports: { exportName, product: '../index.ts' } }
}

function main(): void {
  const { positionals } = parseArgs({ allowPositionals: true, options: { product: { type: 'string' } } })
  const [name] = positionals
  if (name === undefined || positionals.length > 1)
    throw new StartProblem('One name, like: npm run new-tool renameTodo')
  if (engineTools.some((own) => own === name))
    throw new StartProblem(`${name} is a tool of the engine: every product has it. Take another name.`)
  const names = namesOf(name)
  if (names === null)
    throw new StartProblem(
      `${JSON.stringify(name)} is not a name for a tool: a verb and a noun in camelCase, like renameTodo; letters only, at most 64.`,
    )
  const { tools, tests, imports } = placesOf(chosen)
  const { scopes } = chosen.product
  const scope = (scopes.find(({ required }) => required) ?? scopes[0])?.name ?? ''
  const files = {
    [`${tools}/${names.file}.ts`]: toolText(names, scope),
    [`${tests}/${names.file}.test.ts`]: testText(names, imports),
  }
  const taken = Object.keys(files).filter((file) => existsSync(file))
  if (taken.length > 0) throw new StartProblem(`${taken.join(' and ')}: there already. Nothing was changed.`)
  const index = `${tools}/index.ts`
  const examples = `${tests}/examples.ts`
  const lists = {
    [index]: addToIndex(readFileSync(index, 'utf8'), names),
    ...(existsSync(examples) ? { [examples]: addToExamples(readFileSync(examples, 'utf8'), names) } : {}),
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
  console.log(
    'It counts the scopes of the grant. Say in its test what it should do, then change it (docs/your-own-api.md).',
  )
  console.log(`  npx vitest run --project unit ${tests}`)
}

await runScript(main)
