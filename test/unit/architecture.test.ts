import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize, sep } from 'node:path'
import { expect, test } from 'vitest'

// Which room may import which, one way only. A room is a folder of src/; files at its top are named one by one. A folder
// that is not in this table is a product: any number of them, without a change here.
const engine: Record<string, readonly string[]> = {
  lib: [],
  catalog: ['events', 'lib'],
  pingone: ['lib'],
  pages: ['lib'],
  http: ['lib'],
  limits: ['lib'],
  'oauth-store': ['lib'],
  events: ['lib'],
  policy: ['lib'],
  control: ['policy', 'events', 'lib'],
  audit: ['events', 'lib'],
  activity: ['catalog', 'audit', 'events', 'lib'],
  users: ['oauth-store', 'pingone', 'policy', 'events', 'lib'],
  authorization: [
    'oauth-store',
    'users',
    'pingone',
    'policy',
    'limits',
    'pages',
    'http',
    'events',
    'lib',
    'principal.ts',
  ],
  'sign-in': ['authorization', 'users', 'pingone', 'pages', 'http', 'events', 'lib'],
  account: ['sign-in', 'authorization', 'users', 'pingone', 'pages', 'http', 'lib'],
  operate: [
    'sign-in',
    'authorization',
    'users',
    'audit',
    'control',
    'policy',
    'pingone',
    'pages',
    'http',
    'events',
    'lib',
  ],
  mcp: ['catalog', 'users', 'policy', 'limits', 'http', 'events', 'lib', 'principal.ts'],
  'principal.ts': [],
  // A product has settings of its own, which are read with the engine's.
  'settings.ts': ['catalog', 'policy', 'lib'],
  'config.ts': ['settings.ts', 'catalog', 'policy', 'lib'],
  wiring: [
    'activity',
    'account',
    'operate',
    'authorization',
    'mcp',
    'users',
    'audit',
    'control',
    'policy',
    'events',
    'oauth-store',
    'pingone',
    'limits',
    'catalog',
    'events',
    'lib',
    'config.ts',
    'principal.ts',
  ],
  'compose.ts': [
    'wiring',
    'account',
    'operate',
    'sign-in',
    'authorization',
    'mcp',
    'pages',
    'http',
    'lib',
    'settings.ts',
  ],
}

// Imports against the table that are still there. Remove a line together with its import; add none.
const toRemove: ReadonlySet<string> = new Set()

const SRC = 'src'
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.test.ts'))
  // A Worker of its own beside a product.
  .filter((file) => file.split(sep)[1] !== 'local-api')
const textOf = (file: string) => readFileSync(join(SRC, file), 'utf8')
const roomOf = (file: string) => file.split(sep)[0] ?? file

const products = [...new Set(files.map(roomOf))].filter(
  (room) => room !== 'index.ts' && engine[room] === undefined,
)
const mayImport: Record<string, readonly string[]> = {
  ...engine,
  ...Object.fromEntries(products.map((product) => [product, ['catalog', 'lib']])),
  'index.ts': ['compose.ts', ...products],
}

interface Import {
  file: string
  target: string
  isTypeOnly: boolean
  isByAlias: boolean
}

const IMPORTS = [
  /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'([.#][^']+)'/gm,
  /^import(\s+)'([.#][^']+)'/gm,
  /\b(typeof )?import\(\s*'([.#][^']+)'/g,
]

const imports: Import[] = files.flatMap((file) =>
  IMPORTS.flatMap((pattern) => [...textOf(file).matchAll(pattern)])
    // The text of a document, which is in no room.
    .filter(([, , path = '']) => !/^(?:\.\.\/)+policy\/[a-z-]+\.jsonc$/.test(path))
    .map(([, word = '', path = '']) => ({
      file,
      target: path.startsWith('#') ? normalize(path.slice(1)) : normalize(join(dirname(file), path)),
      isTypeOnly: word.trim() === 'type' || word === 'typeof ',
      isByAlias: path.startsWith('#'),
    })),
)

const isInOneRoom = ({ file, target }: Import) => roomOf(file) === roomOf(target)
const edgeOf = ({ file, target }: Import) => `${roomOf(file)} -> ${target}`

const against = imports.filter((one) => {
  // The type of the settings may be known everywhere; reading settings is for composition alone.
  if (isInOneRoom(one) || (one.target === 'config.ts' && one.isTypeOnly)) return false
  return !mayImport[roomOf(one.file)]?.includes(roomOf(one.target))
})

test('there are imports to look at, and every one leads to a file of ours', () => {
  expect(imports.length).toBeGreaterThan(100)
  for (const { file, target } of imports) expect(files, `${file} imports ${target}`).toContain(target)
})

test('every room imports only what it may', () => {
  expect(against.filter((one) => !toRemove.has(edgeOf(one)))).toEqual([])
})

test('what is still imported against the table is listed, and nothing that is gone', () => {
  expect([...new Set(against.map(edgeOf))].toSorted()).toEqual([...toRemove].toSorted())
})

test('the table has no way back into a room', () => {
  const reachable = (
    rooms: readonly string[],
    seen: ReadonlySet<string> = new Set(),
  ): ReadonlySet<string> => {
    const next = rooms.flatMap((room) => mayImport[room] ?? []).filter((room) => !seen.has(room))
    return next.length === 0 ? seen : reachable(next, new Set([...seen, ...next]))
  }
  expect(Object.keys(mayImport).filter((room) => reachable([room]).has(room))).toEqual([])
})

test('another room is imported by its alias, a file of the same room by its path', () => {
  const isTop = (file: string) => !file.includes(sep)
  const wrong = imports.filter(
    (one) => one.isByAlias === (isInOneRoom(one) || (isTop(one.file) && isTop(one.target))),
  )
  expect(wrong).toEqual([])
})

test('every room is in the table, and the table names no room that is gone', () => {
  expect([...new Set(files.map(roomOf))].toSorted()).toEqual(Object.keys(mayImport).toSorted())
  // An engine room that nobody added to the table would pass for a product.
  const others = products.filter((room) => {
    const index = join(room, 'index.ts')
    return !files.includes(index) || !textOf(index).includes('defineProduct(')
  })
  expect(others).toEqual([])
})

// The tests of scripts, which import what they test.
const TESTS_OF_SCRIPTS =
  /^test\/(?:unit\/scripts\/.*|unit\/(?:bundle|docs|production-bundle)|e2e\/(?:bench|doctor|doctor-names-faults|kill-nine|policy-command|smoke)|conformance\/conformance)\.test\.ts$/

test('scripts and tests meet only in the harness', () => {
  const code = ['harness', 'scripts', 'test'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.tsx?$/.test(file))
      .map((file) => `${folder}/${file}`),
  )
  expect(code.length).toBeGreaterThan(100)
  const mayNotImport: Record<string, readonly string[]> = {
    harness: ['scripts', 'test'],
    scripts: ['test'],
    test: ['scripts'],
  }
  const wrong = code
    .filter((file) => !TESTS_OF_SCRIPTS.test(file))
    .flatMap((file) => {
      const paths = [...readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g)]
      const targets = paths.map(([, path = '']) => normalize(join(dirname(file), path)))
      return targets
        .filter((target) => mayNotImport[roomOf(file)]?.includes(roomOf(target)))
        .map((target) => `${file} -> ${target}`)
    })
  expect(wrong).toEqual([])
})

test('a tool runs in one place only', () => {
  const running = files.filter((file) => /\btool\.run\(/.test(textOf(file)))
  expect(running.map((file) => basename(file)).toSorted()).toEqual([
    'define-product.ts',
    'define-tool.ts',
    'invoke-tool.ts',
  ])
})

test('only composition and the two adapters know an SDK or the platform’s agents', () => {
  const knowing = files.filter((file) => /from '(?:@modelcontextprotocol\/|agents\b)/.test(textOf(file)))
  expect(knowing.filter((file) => roomOf(file) !== 'mcp')).toEqual([])
})

test('a secret is taken out of its wrapper only where it is used', () => {
  const using = files.filter((file) => textOf(file).includes('.reveal()'))
  // Of a product, the client of its API.
  const isClient = (file: string) => products.includes(roomOf(file)) && file.split(sep)[1] === 'api'
  expect(using.filter((file) => !isClient(file)).toSorted()).toEqual([
    'lib/audit-signing-key.ts',
    'lib/root-keys.ts',
    'lib/signed-webhook.ts',
    'lib/signing-keys.ts',
    'mcp/calls/downstream-token.ts',
    'pingone/client-auth.ts',
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

/** Names that clients see: of tools, resources and prompts, and of scopes. Slugs can be ordinary words. */
function wordsOf(folder: string): readonly string[] {
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/^local-api|\.test\.ts$/.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
  return texts.flatMap((text) => [...text.matchAll(/\bname: ('[\w:.-]+')/g)].map(([, name = '']) => name))
}

test('the engine has no word of a product', () => {
  const ours = files.filter((file) => !products.includes(roomOf(file)) && file !== 'index.ts')
  expect(ours.filter((file) => /todo/i.test(textOf(file)))).toEqual([])
  const folders = [...products.map((product) => join(SRC, product)), 'examples/notes'].filter(existsSync)
  const words = folders.flatMap(wordsOf)
  expect(words).toEqual(expect.arrayContaining(["'listNotes'", "'notes:delete'"]))
  // Every product has this tool, so the catalog builds it.
  const found = words
    .filter((word) => word !== "'whoAmI'")
    .filter((word) => ours.some((file) => textOf(file).includes(word)))
  expect(found).toEqual([])
})
