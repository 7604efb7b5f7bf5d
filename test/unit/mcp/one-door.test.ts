import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'

const files = globSync('src/**/*.{ts,tsx}').toSorted()
const textOf = (file: string) => readFileSync(file, 'utf8')
const using = (pattern: RegExp) => files.filter((file) => pattern.test(textOf(file)))
const namesOf = (paths: readonly string[]) => paths.map((path) => basename(path))

test('a tool is run in one place only', () => {
  expect(namesOf(using(/tool\.run\(|\brun\(input/))).toEqual([
    'define-product.ts',
    'define-tool.ts',
    'invoke-tool.ts',
  ])
  const callers = (pattern: RegExp) => namesOf(using(pattern).filter((file) => file.startsWith('src/mcp/')))
  expect(callers(/\.enter\(/)).toEqual(['endpoint.ts'])
  expect(callers(/\.beginCall\(/)).toEqual(['user-calls.ts'])
  // After a question to the user only.
  expect(callers(/import \{[^}]*beginCall[^}]*\} from/)).toEqual(['invoke-tool.ts'])
})

test('tools and the client of the API know no SDK and no other room', () => {
  const imports = files
    .filter((file) => /^src\/(catalog|todos)\//.test(file))
    .flatMap((file) => [...textOf(file).matchAll(/from '([^']+)'/g)])
    .map(([, from]) => from)
  expect(imports.length).toBeGreaterThan(20)
  for (const from of imports) expect(from).toMatch(/^(zod|(\.\.?|#lib|#catalog|#events)(\/[a-z-]+)+\.ts)$/)
})
