import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { packWorker, unpackWorker } from '#harness/frozen-worker.ts'

let folder: string
const at = (name: string) => join(folder, name)

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'frozen-worker-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a frozen worker is one module that has the texts which its bundle imports', async () => {
  const text = '{ "id": "a" } // "quoted" $& \u2028 `${x}`\n'
  writeFileSync(at('0a1b-default.jsonc'), text)
  writeFileSync(
    at('index.js'),
    'import $one from"./0a1b-default.jsonc";import{join}from"node:path";\nexport const all=[$one,join("a","b")];\n//# sourceMappingURL=index.js.map\n',
  )
  packWorker(at('index.js'), at('packed.js.br'), [])
  unpackWorker(at('packed.js.br'), at('unpacked.mjs'))
  expect(readFileSync(at('unpacked.mjs'), 'utf8')).not.toContain('sourceMappingURL')
  expect(await import(at('unpacked.mjs'))).toMatchObject({ all: [text, 'a/b'] })
})

test.each([
  ['another module beside it', 'import x from"./more.js";export default x', 'needs ./more.js'],
  ['a text of the machine', 'export default "/home/someone/"', 'contains /home/someone/'],
])('a bundle with %s is not packed', (_what, code, problem) => {
  writeFileSync(at('index.js'), code)
  expect(() => packWorker(at('index.js'), at('packed.js.br'), ['/home/someone/'])).toThrow(problem)
})
