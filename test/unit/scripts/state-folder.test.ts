import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readAuditSigningKey } from '#lib/audit-signing-key.ts'
import { keepKeys } from '#harness/local/keys.ts'
import { findLiveRun, writeRunRecord } from '#harness/local/run-record.ts'
import { describeStateFolder, openStateFolder } from '#harness/local/state-folder.ts'

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

test('data that another release wrote is refused and kept, until somebody begins empty', () => {
  using place = makeFolder()
  const { folder } = place
  const kept = join(folder.data, 'a-database')
  writeFileSync(kept, 'data')
  for (const format of [null, '1\n']) {
    rmSync(folder.format, { force: true })
    if (format !== null) writeFileSync(folder.format, format)
    expect(() => openStateFolder(folder, false, 'todos')).toThrow('Begin empty: npm start -- --fresh')
    expect(existsSync(kept)).toBe(true)
  }
  openStateFolder(folder, true, 'todos')
  expect(existsSync(kept)).toBe(false)
  openStateFolder(folder, false, 'todos')
})
