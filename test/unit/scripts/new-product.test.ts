import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { productNames, renamed } from '../../../scripts/new-product/rename.ts'

const ROOT = join(import.meta.dirname, '../../..')
const COPIED = [
  'src',
  'examples/notes',
  'harness/call-tool.ts',
  'harness/empty.env',
  'tsconfig.json',
  'wrangler.jsonc',
  'package.json',
  '.oxfmtrc.json',
  '.oxlintrc.json',
]
let copy = ''

// A copy of what the scripts read and write: the tree itself stays as it is.
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'new-product-'))
  for (const path of COPIED) cpSync(join(ROOT, path), join(copy, path), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  makeTypes('.')
}, 120_000)
afterAll(() => rmSync(copy, { recursive: true }))

function run(command: string, parameters: readonly string[], folder = copy) {
  const options = { cwd: folder, encoding: 'utf8', timeout: 100_000 } as const
  const { status, stdout, stderr } = spawnSync(command, parameters, options)
  return { status, said: `${stdout}${stderr}` }
}
const script = (name: string, ...parameters: string[]) =>
  run(process.execPath, [join(ROOT, 'scripts', name), ...parameters])
const bin = (name: string, ...parameters: string[]) => run(join(ROOT, 'node_modules/.bin', name), parameters)
const typeScript = (project: string) => bin('tsc', '--noEmit', '--project', project)
const makeTypes = (folder: string) =>
  run(
    join(ROOT, 'node_modules/.bin/wrangler'),
    ['types', 'worker-configuration.d.ts', '--strict-vars=false', `--env-file=${ROOT}/harness/empty.env`],
    join(copy, folder),
  )
const filesOf = (folder: string) => readdirSync(join(copy, folder), { recursive: true, encoding: 'utf8' })

// A plural, and a word that is both.
test.each(['zebras', 'gnu'])(
  'the new product %s compiles, is formatted and passes its tests',
  (name) => {
    const written = script('new-product.ts', name)
    expect(written).toMatchObject({ status: 0 })
    expect(written.said).toMatch(/^- import \{ (\w+) as product \} from '#\1\/index.ts'$/m)
    expect(written.said).toContain(`+ import { ${name} as product } from '#${name}/index.ts'`)
    expect(written.said).toContain(`npm start -- --product ${name}`)

    const folder = `src/${name}`
    const files = filesOf(folder).filter((file) => /\.\w+$/.test(file))
    const texts = files.map((file) => `${file}\n${readFileSync(join(copy, folder, file), 'utf8')}`).join('\n')
    expect(texts).not.toMatch(/note|todo/i)
    expect(files).not.toContain('tsconfig.json')
    expect(makeTypes(folder + '/local-api')).toMatchObject({ status: 0 })
    expect(typeScript(`${folder}/local-api`)).toEqual({ status: 0, said: '' })
    expect(bin('oxfmt', '--check', folder)).toMatchObject({ status: 0 })
    expect(bin('oxlint', folder)).toMatchObject({ status: 0 })
    expect(bin('vitest', 'run', '--root', copy, `${folder}/tools`)).toMatchObject({ status: 0 })

    expect(script('new-product.ts', name)).toMatchObject({
      status: 1,
      said: expect.stringContaining('Nothing was written'),
    })
  },
  120_000,
)

test('all of them are part of the server’s own types', () => {
  expect(typeScript('tsconfig.json')).toEqual({ status: 0, said: '' })
}, 120_000)

test('new-tool works in another product, beside its tools', () => {
  const written = script('new-tool.ts', 'renameNote', '--product', 'notes')
  expect(written).toMatchObject({ status: 0 })
  const tools = 'examples/notes/tools'
  expect(readFileSync(join(copy, tools, 'index.ts'), 'utf8')).toMatch(/deleteNote,\s+renameNote,?\s*\]/)
  expect(bin('oxfmt', '--check', tools)).toMatchObject({ status: 0 })
  expect(typeScript('examples/notes/tsconfig.json')).toEqual({ status: 0, said: '' })
  const tested = bin('vitest', 'run', '--root', copy, tools)
  expect(tested).toMatchObject({ status: 0, said: expect.stringContaining('2 passed') })
}, 120_000)

test.each([
  [],
  ['one', 'two'],
  ['Orders'],
  ['purchase-orders'],
  ['../orders'],
  ['class'],
  ['todos'],
  ['notes'],
  ['mcp'],
  ['config'],
  ['words'],
])('%j is refused, and nothing is written', (...names) => {
  const before = filesOf('src')
  expect(script('new-product.ts', ...names.filter((name) => typeof name === 'string')).status).toBe(1)
  expect(filesOf('src')).toEqual(before)
  expect(existsSync(join(copy, 'orders'))).toBe(false)
})

test('a name is known in every form', () => {
  expect(productNames('entries')).toEqual({ plural: 'entries', singular: 'entry' })
  expect(productNames('boxes')).toEqual({ plural: 'boxes', singular: 'box' })
  expect(productNames('status')).toEqual({ plural: 'status', singular: 'status' })
  const names = { plural: 'entries', singular: 'entry' }
  expect(renamed('Notes: addNote, NOTE_LISTS, note.ts, notes:read', names)).toBe(
    'Entries: addEntry, ENTRY_LISTS, entry.ts, entries:read',
  )
})
