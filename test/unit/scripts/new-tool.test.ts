import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { namesOf } from '../../../scripts/new-tool/templates.ts'

const ROOT = join(import.meta.dirname, '../../..')
let copy = ''

// The script works on a copy, so that the real tree does not change.
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'new-tool-'))
  for (const path of [
    'src',
    'test/unit/todos/tools',
    'harness/call-tool.ts',
    'harness/product.ts',
    'tsconfig.json',
    'package.json',
    '.oxfmtrc.json',
  ])
    cpSync(join(ROOT, path), join(copy, path), { recursive: true })
  mkdirSync(join(copy, 'scripts'))
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
})
afterAll(() => rmSync(copy, { recursive: true }))

function run(command: string, ...parameters: string[]) {
  const { status, stdout, stderr } = spawnSync(command, parameters, {
    cwd: copy,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, output: `${stdout}${stderr}` }
}
const newTool = (...names: string[]) => run(process.execPath, join(ROOT, 'scripts/new-tool.ts'), ...names)
const bin = (name: string) => join(ROOT, 'node_modules/.bin', name)
const textOf = (file: string) => readFileSync(join(copy, file), 'utf8')
const everything = () =>
  ['src/todos/tools', 'test/unit/todos/tools'].flatMap((folder) =>
    readdirSync(join(copy, folder)).map((file) => [file, textOf(join(folder, file))]),
  )

test('what it writes compiles, is formatted, lacks nothing and passes', { timeout: 90_000 }, () => {
  expect(newTool('renameTodo')).toMatchObject({
    status: 0,
    output: expect.stringContaining('src/todos/tools/rename-todo.ts'),
  })
  expect(textOf('src/todos/tools/index.ts')).toMatch(/deleteTodo,\s+renameTodo,?\s*\]/)
  const written = [
    'src/todos/tools/rename-todo.ts',
    'src/todos/tools/index.ts',
    'test/unit/todos/tools/rename-todo.test.ts',
  ]
  expect(run(bin('oxfmt'), '--check', ...written, 'test/unit/todos/tools/examples.ts')).toMatchObject({
    status: 0,
  })
  const compiler = {
    extends: './tsconfig.json',
    include: ['src/todos/tools', 'test/unit/todos/tools/rename-todo.test.ts'],
  }
  const types = { ...compiler, compilerOptions: { types: ['node'], lib: ['ES2024', 'DOM', 'DOM.Iterable'] } }
  writeFileSync(join(copy, 'new-tool.json'), JSON.stringify(types))
  expect(run(bin('tsc'), '--noEmit', '--project', 'new-tool.json')).toEqual({ status: 0, output: '' })
  const tested = run(
    bin('vitest'),
    'run',
    '--root',
    copy,
    'test/unit/todos/tools/rename-todo',
    'test/unit/todos/tools/registry',
    '--reporter=verbose',
  )
  expect(tested.output).toContain('renameTodo lacks nothing')
  expect(tested).toMatchObject({ status: 0 })
})

test.each([
  [[]],
  [['one', 'two']],
  [['rename-todo']],
  [['RenameTodo']],
  [['rename']],
  [['rename2Todo']],
  [['../renameTodo']],
  [['']],
  [['a'.repeat(64) + 'B']],
  [['listSessions']],
  [['listTodos']],
])('%j is refused, and nothing is changed', (names) => {
  const before = everything()
  expect(newTool(...names).status).toBe(1)
  expect(everything()).toEqual(before)
})

test('a test that is there already is not overwritten either', () => {
  writeFileSync(join(copy, 'test/unit/todos/tools/shout-todo.test.ts'), 'mine')
  const before = everything()
  expect(newTool('shoutTodo')).toMatchObject({ status: 1, output: expect.stringContaining('there already') })
  expect(everything()).toEqual(before)
})

test('a list that somebody wrote otherwise is left alone', () => {
  const index = join(copy, 'src/todos/tools/index.ts')
  const original = readFileSync(index, 'utf8')
  writeFileSync(index, original.replace('export const tools', 'export const list'))
  const before = everything()
  expect(newTool('movedTodo')).toMatchObject({ status: 1, output: expect.stringContaining('by hand') })
  expect(everything()).toEqual(before)
  writeFileSync(index, original)
})

test('a name is the same thing on the wire, as a file and as a title', () => {
  expect(namesOf('whoAmI')).toEqual({ name: 'whoAmI', file: 'who-am-i', title: 'Who am i' })
})
