import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { renderConfiguration } from '../../scripts/docs.ts'
import { readSteps, renderJourneys } from '../../scripts/docs/journeys.ts'
import { EndReason } from '#users/grants/grant.ts'
import { pageNames } from '../../scripts/docs/pages.ts'
import { arrowsOf, readRooms, renderArchitecture } from '../../scripts/docs/rooms.ts'

const isOurs = (path: string) => !/(?:^|\/)(?:node_modules|\.wrangler|\.git)(?:\/|$)/.test(path)
/** What the pages describe: the engine and the products of this repository, not yours (docs/your-own-api.md). */
const isDescribed = (file: string) =>
  file.startsWith('src/todos/') || !existsSync(join(file.split('/').slice(0, 2).join('/'), 'define.ts'))
const filesBelow = (folder: string, name: RegExp) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => name.test(file) && isOurs(file))

const pages = pageNames()
const textOf = (file: string) => readFileSync(file, 'utf8')
const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? '')

test('docs/configuration.md is what src/settings.ts says (npm run docs)', () => {
  expect(textOf('docs/configuration.md')).toBe(renderConfiguration())
})

test('the tables of docs/journeys.md are what the @step lines in src say (npm run docs)', () => {
  const page = textOf('docs/journeys.md')
  expect(page).toBe(renderJourneys(page, readSteps()))
})

test('the picture of docs/architecture.md is what the imports in src say (npm run docs)', () => {
  const page = textOf('docs/architecture.md')
  const rooms = readRooms()
  expect(page).toBe(renderArchitecture(page, rooms))
  expect(page).toContain('mcp["mcp"] --> catalog["catalog"]')
})

test('the picture leaves out an arrow that a longer path implies', () => {
  const rooms = new Map([
    ['a', new Set(['b', 'c', 'lib'])],
    ['b', new Set(['c'])],
    ['c', new Set(['lib', 'config.ts'])],
    ['lib', new Set<string>()],
    ['config.ts', new Set(['lib'])],
  ])
  expect(arrowsOf(rooms)).toEqual([
    ['a', 'b'],
    ['b', 'c'],
  ])
})

test('every @step is read, has a table, and names messages of that diagram', () => {
  const steps = readSteps()
  const lines = filesBelow('src', /\.tsx?$/).flatMap((file) => found(textOf(file), /(@step\b)/g))
  expect(steps).toHaveLength(lines.length)
  // A journey is a section with one diagram and one table. Mermaid numbers the messages.
  const sections = textOf('docs/journeys.md').split(/^## /m)
  const messages = sections.flatMap((section): [string, number][] => {
    const [journey] = found(section, /^<!-- steps ([\w-]+):/gm)
    return journey === undefined ? [] : [[journey, found(section, /(-?->>)/g).length]]
  })
  const lastOf = new Map(messages)
  expect([...new Set(steps.map(({ journey }) => journey))].toSorted()).toEqual([...lastOf.keys()].toSorted())
  const wrong = steps.filter(
    ({ journey, first, last }) => first < 1 || first > last || last > (lastOf.get(journey) ?? 0),
  )
  expect(wrong).toEqual([])
})

/** Files of src/ that load with `entry`. Type-only imports are not followed. */
function reachableFrom(entry: string): ReadonlySet<string> {
  const reached = new Set<string>()
  const follow = (file: string): void => {
    if (reached.has(file)) return
    reached.add(file)
    for (const path of found(textOf(file), /^(?:import|export)\s(?!type\s)[^'"]*?from\s+'([.#][^']+)'/gm))
      follow(path.startsWith('#') ? join('src', path.slice(1)) : join(dirname(file), path))
  }
  follow(entry)
  return reached
}

test('every file with a @step is reached by imports', () => {
  // A product reaches its own files: src/index.ts gives it to src/compose.ts.
  const [engine, todos] = [reachableFrom('src/compose.ts'), reachableFrom('src/todos/index.ts')]
  const isReached = ({ file }: { file: string }) => (file.startsWith('src/todos/') ? todos : engine).has(file)
  expect(readSteps().filter((step) => !isReached(step))).toEqual([])
})

test.each(pages)('every file that %s names exists', (page) => {
  const named = found(textOf(page), /`((?:src|scripts|test|examples|docs)\/[\w./-]*)`/g)
  // The product that docs/your-own-api.md tells a reader to make is not there.
  const isExample = (path: string) => page === 'docs/your-own-api.md' && path.startsWith('src/invoices/')
  const gone = named.filter(
    (path) => !existsSync(path) && !existsSync(join(dirname(page), path)) && !isExample(path),
  )
  expect(gone).toEqual([])
})

test('every npm script that a page names exists', () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(textOf('package.json')))
  const named = pages.flatMap((page) => found(textOf(page), /npm run ([a-z][a-z:-]*)/g))
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
})

test('every page of the decisions that code names exists', () => {
  const code = [...filesBelow('src', /\.tsx?$/), ...filesBelow('scripts', /\.ts$/), 'wrangler.jsonc']
  const named = code.flatMap((file) => found(textOf(file), /\b(docs\/[\w./-]+\.md)/g))
  expect(named.filter((path) => !existsSync(path))).toEqual([])
})

test('every decision and invariant that code names by number is in the records', () => {
  const headings = textOf('docs/decisions/README.md')
  const code = ['src', 'scripts', 'test'].flatMap((folder) => filesBelow(folder, /\.tsx?$/)).map(textOf)
  const named = code.flatMap((text) => found(text, /\b((?:decision|invariant) \d+)\b/gi))
  const missing = named.filter((name) => !new RegExp(`^### ${name}:`, 'im').test(headings))
  expect(missing).toEqual([])
})

test('docs/operate.md names every event of the log, and no other', () => {
  const code = [
    ...filesBelow('src', /\.tsx?$/).filter(isDescribed),
    ...filesBelow('examples/notes', /client\.ts$/),
  ].map(textOf)
  const logged = code.flatMap((text) => found(text, /(?:log\.\w+|#outage|report)\(\s*'([a-z-]+\.[a-z-]+)'/g))
  const described = found(textOf('docs/operate.md'), /^\| `([a-z-]+\.[a-z-]+)` \| (?:info|warn|error) \|/gm)
  expect(described.toSorted()).toEqual([...new Set(logged)].toSorted())
})

test('docs/operate.md names every reason why a grant ends', () => {
  const [, after = ''] = textOf('docs/operate.md').split('### Why a grant ended\n')
  const [section = ''] = after.split('\n#')
  const cells = found(section, /^\| ((?:`[a-z_]+`(?:, )?)+) \|/gm)
  const named = cells.flatMap((cell) => found(cell, /`([a-z_]+)`/g))
  expect(named.toSorted()).toEqual(EndReason.options.toSorted())
})

test('AGENTS.md stays a map of one page', () => {
  expect(textOf('AGENTS.md').split('\n').length).toBeLessThanOrEqual(81)
})
