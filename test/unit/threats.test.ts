import { existsSync, globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const page = readFileSync('docs/threat-model.md', 'utf8')
const threats = [...page.matchAll(/^## (T\d\d) /gm)].map(([, number]) => number)

// Titles begin with threat numbers: `T11 T30 a registered redirect …`. strangers.test.ts is a Workers test because it
// needs a fixed clock.
const files = [...globSync('test/attack/**/*.test.ts'), 'test/workers/grants/strangers.test.ts']
const testedThreats = files.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/['"`](?:%s: )?((?:T\d\d )+)/g)].flatMap(([, numbers = '']) =>
    numbers.trim().split(' '),
  ),
)

test('threats are numbered without a gap', () => {
  expect(threats.length).toBeGreaterThan(30)
  expect(threats).toEqual(threats.map((_, at) => `T${String(at + 1).padStart(2, '0')}`))
})

test('every threat has a test of its number in test/attack, and every number there is a threat', () => {
  expect([...new Set(testedThreats)].toSorted()).toEqual(threats)
})

test.each(['docs/threat-model.md', 'docs/security.md'])('%s names only files that are there', (file) => {
  const named = [...readFileSync(file, 'utf8').matchAll(/`((?:src|test)\/[^`]+)`/g)].map(
    ([, path = '']) => path,
  )
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((path) => !existsSync(path))).toEqual([])
})
