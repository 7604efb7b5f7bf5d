/**
 * `npm run changes` prints what is not released yet, from the files in .changeset/. `-- --release` makes a version of
 * it: CHANGELOG.md with the date, the version in package.json, its lock file and the code; the files are removed.
 */
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { nextVersion, readChange, renderChanges, strangeHeadings, withRelease } from './changes/release.ts'

const ROOT = join(import.meta.dirname, '..')
const PackageFile = z.object({ version: z.string() })

function main(): void {
  const { values } = parseArgs({
    options: {
      release: { type: 'boolean', default: false },
      folder: { type: 'string', default: ROOT },
      date: { type: 'string', default: new Date().toISOString().slice(0, 10) },
    },
  })
  const { folder, date } = values
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  const files = globSync('.changeset/*.md', { cwd: folder })
    .filter((file) => !file.endsWith('README.md'))
    .toSorted()
  const changes = files.map((file) => readChange(file.replace('.changeset/', ''), read(file)))
  const strange = strangeHeadings(read('CHANGELOG.md'))
  if (strange.length > 0)
    throw new Error(`CHANGELOG.md: ${strange.join(', ')} is no dated version or category`)
  if (changes.length === 0) {
    console.log('Everything is released.')
    return
  }
  const { version } = PackageFile.parse(JSON.parse(read('package.json')))
  const next = nextVersion(version, changes)
  console.log(`## ${next}\n\n${renderChanges(changes)}`)
  if (!values.release) return
  writeFileSync(join(folder, 'CHANGELOG.md'), withRelease(read('CHANGELOG.md'), next, date, changes))
  raiseVersion(folder, version, next)
  for (const file of files) rmSync(join(folder, file))
}

/** In the lock file only the first two are ours: the file's own and that of its root package. */
function raiseVersion(folder: string, version: string, next: string): void {
  const replace = (file: string, pattern: RegExp, most: number) => {
    let count = 0
    const before = readFileSync(join(folder, file), 'utf8')
    const after = before.replaceAll(pattern, (found) =>
      ++count > most ? found : found.replace(version, next),
    )
    if (after !== before) writeFileSync(join(folder, file), after)
  }
  const quoted = version.replaceAll('.', '\\.')
  replace('package.json', new RegExp(`^  "version": "${quoted}"`, 'gm'), 1)
  replace('package-lock.json', new RegExp(`^ {2,6}"version": "${quoted}"`, 'gm'), 2)
  // The server says its version to clients, and tests compare it.
  for (const file of globSync('{src,test}/**/*.ts', { cwd: folder, exclude: ['**/node_modules/**'] }))
    replace(file, new RegExp(`\\b(?:VERSION = |version: )'${quoted}'`, 'g'), Infinity)
}

main()
