import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readAuditSigningKey } from '#lib/audit-signing-key.ts'
import { keepKeys } from '#harness/local/keys.ts'
import { thisRelease } from '#harness/local/release-mark.ts'
import { findLiveRun, writeRunRecord } from '#harness/local/run-record.ts'
import { describeStateFolder, openStateFolder, type StateFolder } from '#harness/local/state-folder.ts'

function makeFolder() {
  const folder = describeStateFolder(mkdtempSync(join(tmpdir(), 'state-')))
  openStateFolder(folder, false, 'todos')
  return { folder, [Symbol.dispose]: () => rmSync(folder.path, { recursive: true }) }
}

test('keys are made once, random, for their owner alone, and new ones come only with an empty start', () => {
  using place = makeFolder()
  const { folder } = place
  const keys = keepKeys(folder.keys)
  expect(keys.rootKeys).toMatch(/^local:[A-Za-z0-9_-]{43}$/)
  expect(statSync(folder.keys).mode & 0o777).toBe(0o600)
  expect(statSync(folder.path).mode & 0o777).toBe(0o700)
  openStateFolder(folder, false, 'todos')
  expect(keepKeys(folder.keys)).toEqual(keys)
  openStateFolder(folder, true, 'todos')
  expect(keepKeys(folder.keys).rootKeys).not.toBe(keys.rootKeys)
})

test('a file of an earlier release keeps its keys and gets the one that it lacks', () => {
  using place = makeFolder()
  const { auditKey, ...before } = keepKeys(place.folder.keys)
  writeFileSync(place.folder.keys, JSON.stringify(before))
  const keys = keepKeys(place.folder.keys)
  expect(keys).toMatchObject(before)
  expect(keys.auditKey).not.toBe(auditKey)
  expect(readAuditSigningKey(keys.auditKey)).toMatchObject({ ok: true, value: { kid: 'local' } })
  expect(keepKeys(place.folder.keys)).toEqual(keys)
})

test('keys that cannot be read stop the start instead of being replaced', () => {
  using place = makeFolder()
  writeFileSync(place.folder.keys, '{"rootKeys":')
  expect(() => keepKeys(place.folder.keys)).toThrow('Begin empty: npm start -- --fresh')
})

test('a record of a run that is over, or that cannot be read, is no run', async () => {
  using place = makeFolder()
  const { folder } = place
  const health = ['http://localhost:9/health']
  writeRunRecord(folder, { runId: 'over', origin: 'http://localhost:9', emulatorOrigin: null, health })
  expect(await findLiveRun(folder)).toBeUndefined()
  writeFileSync(folder.run, '{"runId":"of another version"}')
  expect(await findLiveRun(folder)).toBeUndefined()
})

const withData = (folder: StateFolder): string => {
  const kept = join(folder.data, 'a-database')
  writeFileSync(kept, 'data')
  return kept
}

test('a folder says which release wrote it last, and its last migration of Durable Objects', () => {
  using place = makeFolder()
  const { version, migrations } = thisRelease()
  const mark = { release: version, migration: migrations.at(-1) }
  expect(JSON.parse(readFileSync(place.folder.release, 'utf8'))).toEqual(mark)
  withData(place.folder)
  const older = { release: '0.0.9', migration: migrations[0] }
  writeFileSync(place.folder.release, JSON.stringify(older))
  openStateFolder(place.folder, false, 'todos')
  expect(JSON.parse(readFileSync(place.folder.release, 'utf8'))).toEqual(mark)
})

test('a folder without a mark is opened if its form and its classes are those of this release', () => {
  using place = makeFolder()
  const { folder } = place
  const { worker, classes } = thisRelease()
  for (const name of classes)
    mkdirSync(join(folder.data, 'mcp/v3/do', `${worker}-${name}`), { recursive: true })
  rmSync(folder.release)
  openStateFolder(folder, false, 'todos')
  expect(existsSync(folder.release)).toBe(true)
})

/** What makes a folder unreadable, and what the refusal says of it. */
const UNREADABLE: Readonly<Record<string, [(folder: StateFolder) => void, string]>> = {
  'without a form': [({ format }) => rmSync(format), 'it was written by release'],
  'of another form': [({ format }) => writeFileSync(format, '1\n'), 'which kept it in another form'],
  'without a form and without a mark': [
    ({ format, release }) => [format, release].forEach((path) => rmSync(path)),
    'it was written by another release, which kept it in another form',
  ],
  'with a migration of a later release': [
    ({ release }) => writeFileSync(release, '{"release":"9.1.0","migration":"v9"}'),
    'it was written by release 9.1.0, which has the Durable Object migration v9',
  ],
  'with the class of release 0.1.0': [
    ({ data, release }) => {
      rmSync(release)
      mkdirSync(join(data, 'mcp/v3/do', `${thisRelease().worker}-Person`), { recursive: true })
    },
    'it was written by release 0.1.0 and keeps data in the class Person, which this release does not have',
  ],
  'with a damaged mark': [
    ({ release }) => writeFileSync(release, '{"release":'),
    'release.json cannot be read, so it is unknown which release wrote it',
  ],
}

test.each(Object.entries(UNREADABLE))(
  'data %s is refused and kept, until somebody begins empty',
  (_name, [spoil, why]) => {
    using place = makeFolder()
    const { folder } = place
    const kept = withData(folder)
    spoil(folder)
    expect(() => openStateFolder(folder, false, 'todos')).toThrow(why)
    expect(() => openStateFolder(folder, false, 'todos')).toThrow('npm start -- --fresh')
    expect(existsSync(kept)).toBe(true)
    openStateFolder(folder, true, 'todos')
    expect(existsSync(kept)).toBe(false)
    openStateFolder(folder, false, 'todos')
  },
)
