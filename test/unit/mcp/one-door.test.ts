import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const files = globSync('src/**/*.{ts,tsx}').toSorted()
const using = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(file, 'utf8')))

test('a tool is run in one place only', () => {
  expect(using(/tool\.run\(|\brun\(input/)).toEqual(['src/mcp/invoke-tool.ts', 'src/catalog/define-tool.ts'])
  expect(using(/\bkeeper\.beginCall\(/)).toEqual(['src/mcp/ask-user.ts'])
  expect(using(/ask-user\.ts'/)).toEqual(['src/mcp/invoke-tool.ts'])
})

test('tools and the client of the API know no SDK and no other room', () => {
  const imports = files
    .filter((file) => /^src\/(tools|todo-api)\//.test(file))
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/from '([^']+)'/g)].map(([, from]) => from))
  for (const from of imports) expect(from).toMatch(/^(zod|\.\/[a-z-]+\.ts|\.\.\/lib\/[a-z-]+\.ts)$/)
})
