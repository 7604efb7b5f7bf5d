import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { expect, test } from 'vitest'

// Which room may import which. A room is a folder of src/; files at its top are named one by one.
const mayImport: Record<string, readonly string[]> = {
  lib: [],
  tools: ['lib'],
  resources: ['tools', 'lib'],
  prompts: ['resources', 'tools', 'lib'],
  pingone: ['lib'],
  'todo-api': ['lib', 'tools'],
  pages: ['lib'],
  http: ['lib'],
  limits: ['lib'],
  users: ['lib', 'pingone'],
  authorization: ['pingone', 'users', 'limits', 'pages', 'http', 'lib', 'principal.ts'],
  account: ['authorization', 'pingone', 'users', 'pages', 'http', 'lib', 'principal.ts'],
  mcp: ['tools', 'resources', 'prompts', 'todo-api', 'users', 'limits', 'http', 'lib', 'principal.ts'],
  'principal.ts': [],
  'settings.ts': ['lib'],
  'config.ts': ['settings.ts', 'lib'],
  'wiring.ts': [
    'account',
    'authorization',
    'config.ts',
    'lib',
    'limits',
    'mcp',
    'users',
    'pingone',
    'prompts',
    'resources',
    'tools',
  ],
  'compose.ts': ['wiring.ts', 'account', 'authorization', 'settings.ts', 'http', 'lib', 'mcp', 'pages'],
  'index.ts': ['compose.ts', 'tools', 'resources', 'prompts'],
}

const SRC = 'src'
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file))
const textOf = (file: string) => readFileSync(join(SRC, file), 'utf8')
const roomOf = (file: string) => file.split(sep)[0] ?? file

interface Import {
  file: string
  target: string
  isTypeOnly: boolean
}

const imports: Import[] = files.flatMap((file) =>
  [...textOf(file).matchAll(/^(?:import|export)\s+(type\s)?[^'"]*?from\s+'(\.[^']+)'/gm)].map((match) => ({
    file,
    target: normalize(join(dirname(file), match[2] ?? '')),
    isTypeOnly: match[1] !== undefined,
  })),
)

test('there are imports to look at, and every one leads to a file of ours', () => {
  expect(imports.length).toBeGreaterThan(100)
  for (const { file, target } of imports) expect(files, `${file} imports ${target}`).toContain(target)
})

test('every room imports only what it may', () => {
  const wrong = imports.filter(({ file, target, isTypeOnly }) => {
    const [from, to] = [roomOf(file), roomOf(target)]
    // What a setting is may be known everywhere; reading settings is for composition alone.
    if (from === to || (to === 'config.ts' && isTypeOnly)) return false
    return !mayImport[from]?.includes(to)
  })
  expect(wrong).toEqual([])
})

test('every room is in the table, and the table names no room that is gone', () => {
  expect([...new Set(files.map(roomOf))].toSorted()).toEqual(Object.keys(mayImport).toSorted())
})

test('a tool runs in one place only', () => {
  expect(files.filter((file) => /\btool\.run\(/.test(textOf(file)))).toEqual([
    'mcp/invoke-tool.ts',
    'catalog/define-tool.ts',
  ])
})

test('only composition and the two adapters know an SDK or the platform’s agents', () => {
  const knowing = files.filter((file) => /from '(?:@modelcontextprotocol\/|agents\b)/.test(textOf(file)))
  expect(knowing.filter((file) => roomOf(file) !== 'mcp')).toEqual([])
})

test('a secret is taken out of its wrapper only where it is used', () => {
  const using = files.filter((file) => textOf(file).includes('.reveal()'))
  expect(using.toSorted()).toEqual([
    'lib/root-keys.ts',
    'lib/signing-keys.ts',
    'mcp/read-downstream-token.ts',
    'pingone/client-auth.ts',
    'todos/api/client.ts',
  ])
})

test('every exception from lint says why', () => {
  const silent = files.filter((file) => /oxlint-disable(?!.* -- \S)/.test(textOf(file)))
  expect(silent).toEqual([])
})

test('no file of a room grew beyond reading', () => {
  const long = files.filter((file) => textOf(file).split('\n').length > 300)
  expect(long.filter((file) => !file.endsWith('styles.ts'))).toEqual([])
})
