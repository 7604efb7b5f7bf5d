import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { unpackFrozen } from '#harness/frozen-state.ts'
import { thisRelease } from '#harness/local/release-mark.ts'
import { runCommand } from '#harness/run-command.ts'

/** 0.1.0 is what `npm start` and `npm run journey` of commit 2c40c4e left, without logs and settings files. */
function unpack(release: string) {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-refused-'))
  const state = unpackFrozen(join(import.meta.dirname, `state-${release}.tgz`), folder)
  return { state, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

const contentOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    globSync('**/*', { cwd: folder, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .toSorted()
      .map((path) => [path, readFileSync(path, 'latin1')]),
  )

async function start(state: string): Promise<string> {
  await using run = runCommand('npm', ['start', '--', '--state', state, '--settings', '/dev/null'])
  expect(await run.exit).toBe(1)
  return run.lines.join('\n')
}

const CHOICES =
  'Nothing was changed. Begin empty: npm start -- --fresh (deletes it), ' +
  'or keep it and use another folder: npm start -- --state .wrangler/other'

test('npm start refuses a state folder of release 0.1.0, says why, and leaves it as it is', async () => {
  using place = unpack('0.1.0')
  const before = contentOf(place.state)
  expect(Object.keys(before).length).toBeGreaterThan(5)
  expect(await start(place.state)).toContain(
    `The state in ${place.state} cannot be opened: it was written by release 0.1.0 and keeps data in the class Person, ` +
      `which this release does not have. ${CHOICES}`,
  )
  expect(contentOf(place.state)).toEqual(before)
})

test('a state folder with a Durable Object migration of a later release is refused, and both releases are named', async () => {
  using place = unpack('0.2.0')
  const mark = JSON.stringify({ release: '9.1.0', migration: 'v9' })
  writeFileSync(join(place.state, 'release.json'), mark)
  const { version, migrations } = thisRelease()
  expect(await start(place.state)).toContain(
    `it was written by release 9.1.0, which has the Durable Object migration v9; this release, ${version}, ` +
      `ends with ${migrations.at(-1)}. ${CHOICES}`,
  )
})
