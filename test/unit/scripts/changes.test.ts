import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Change, nextVersion, readChange, strangeHeadings } from '../../../scripts/changes/release.ts'

// Not written out where they are used: a release of this repository raises such lines in tests too.
const [WAS, NEXT] = ['0.1.0', '0.2.0']

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'changes-'))
  write(
    'CHANGELOG.md',
    '# Changes\n\nOne section per version.\n\n## 0.1.0 (2026-01-02)\n\n### Added\n\n- A server.\n',
  )
  write('package.json', '{\n  "name": "server",\n  "version": "0.1.0"\n}\n')
  write(
    'package-lock.json',
    '{\n  "version": "0.1.0",\n  "packages": {\n    "": {\n      "version": "0.1.0"\n    },\n    "other": {\n      "version": "0.1.0"\n    }\n  }\n}\n',
  )
  write('src/product.ts', `const VERSION = '${WAS}'\nconst sdk = '0.1.0'\n`)
  write('.changeset/README.md', 'How a change is recorded.\n')
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(file: string, text: string): void {
  mkdirSync(join(folder, file, '..'), { recursive: true })
  writeFileSync(join(folder, file), text)
}
const read = (file: string) => readFileSync(join(folder, file), 'utf8')
const change = (head: string, text: string) => `---\n${head}\n---\n${text}\n`
const script = join(import.meta.dirname, '../../../scripts/changes.ts')
const run = (...parameters: string[]) =>
  spawnSync(process.execPath, [script, '--folder', folder, '--date', '2026-03-04', ...parameters], {
    encoding: 'utf8',
  })

test('a release has its date and the changes by category, and removes their files', () => {
  write('.changeset/b.md', change('bump: patch\ncategory: Fixed', 'Names may be\nlonger.'))
  write('.changeset/a.md', change('bump: minor\ncategory: Ends grants or sessions', 'All sessions end.'))
  expect(run('--release')).toMatchObject({ status: 0 })
  expect(read('CHANGELOG.md')).toBe(`# Changes

One section per version.

## 0.2.0 (2026-03-04)

### Ends grants or sessions

- All sessions end.

### Fixed

- Names may be
  longer.

## 0.1.0 (2026-01-02)

### Added

- A server.
`)
  expect(existsSync(join(folder, '.changeset/a.md'))).toBe(false)
  expect(existsSync(join(folder, '.changeset/README.md'))).toBe(true)
  expect(read('package.json')).toContain('"version": "0.2.0"')
  expect(read('package-lock.json').match(/"0\.\d\.0"/g)).toEqual(['"0.2.0"', '"0.2.0"', '"0.1.0"'])
  expect(read('src/product.ts')).toBe(`const VERSION = '${NEXT}'\nconst sdk = '0.1.0'\n`)
})

test('without --release it prints the version to come and changes nothing', () => {
  write('.changeset/a.md', change('bump: patch\ncategory: Fixed', 'Names may be longer.'))
  const before = read('CHANGELOG.md')
  const { status, stdout } = run()
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: '## 0.1.1\n\n### Ends grants or sessions\n\nNone.\n\n### Fixed\n\n- Names may be longer.\n',
  })
  expect(read('CHANGELOG.md')).toBe(before)
  expect(existsSync(join(folder, '.changeset/a.md'))).toBe(true)
})

test.each([
  ['bump: patch\ncategory: Ends grants or sessions', 'at least a minor version'],
  ['bump: tiny\ncategory: Fixed', 'a.md: ✖ Invalid option'],
  ['bump: patch\ncategory: Mended', 'a.md: ✖ Invalid option'],
  ['bump: patch', 'a.md: ✖ Invalid option'],
  ['bump: patch\ncategory: Fixed\nby: me', 'a.md: ✖ Unrecognized key'],
])('a change that says %s is refused', (head, message) => {
  expect(() => readChange('a.md', change(head, 'Something.'))).toThrow(message)
})

test('a change without a sentence is refused', () => {
  expect(() => readChange('a.md', change('bump: patch\ncategory: Fixed', ''))).toThrow('it says nothing')
})

test.each([
  ['0.1.0', ['patch'], '0.1.1'],
  ['0.1.1', ['patch', 'minor'], '0.2.0'],
  ['0.2.0', ['major'], '0.3.0'],
  ['1.2.3', ['minor', 'major'], '2.0.0'],
] as const)('after %s, %s gives %s', (version, bumps, next) => {
  const changes = bumps.map((bump): Change => ({ bump, category: 'Changed', text: 'Something.' }))
  expect(nextVersion(version, changes)).toBe(next)
})

test('the changes of this repository can be read, and its CHANGELOG has dated versions only', () => {
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(strangeHeadings(readFileSync('CHANGELOG.md', 'utf8'))).toEqual([])
  expect(strangeHeadings('## Unreleased\n### Added\n## 1.0.0\n')).toEqual(['## Unreleased', '## 1.0.0'])
})
