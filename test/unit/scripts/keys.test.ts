import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readPrivateFile } from '#harness/local/private-file.ts'
import { Settings } from '#settings.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { importSigningKey, readSigningKeys } from '#lib/signing-keys.ts'
import { makePrivateJwk } from '#harness/make-private-jwk.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keys-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = () => join(folder, 'client-keys.json')
function run(...parameters: string[]) {
  const script = join(import.meta.dirname, '../../../scripts/keys.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...parameters], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { status, output: `${stdout}${stderr}` }
}
const keys = () => {
  const read = readSigningKeys(readFileSync(file(), 'utf8'))
  if (!read.ok) throw new Error(read.error)
  return { ...read.value, ids: read.value.published.map(({ kid }) => kid) }
}

test('a rotation with overlap: publish the next, let it sign, take the old one away', async () => {
  expect(run().status).toBe(0)
  const [a] = keys().ids
  expect(keys().active).toMatchObject({ kid: a, alg: 'RS256' })
  await importSigningKey(keys().active)

  run('--next')
  const [, b] = keys().ids
  expect(keys().ids).toEqual([a, b])
  run('--swap')
  expect(keys().ids).toEqual([b, a])
  // The size limit of a Workers secret.
  expect(statSync(file()).size).toBeLessThan(5 * 1024)
  await importSigningKey(keys().active)
  run('--drop')
  expect(keys().ids).toEqual([b])
}, 30_000)

test('a key goes to the front where PingOne is given it by hand', () => {
  writeFileSync(file(), JSON.stringify(makePrivateJwk('a')))
  run('--first')
  expect(keys().ids).toEqual([expect.not.stringMatching(/^a$/), 'a'])
}, 30_000)

test('what is private is in a file of its owner alone, and is never printed', () => {
  const { output } = run()
  expect(statSync(file()).mode & 0o777).toBe(0o600)
  expect(output).toContain('wrangler secret put MCP_SERVER_PRIVATE_KEY')
  expect(output).toContain(JSON.stringify({ keys: keys().published }))
  const { keys: written } = JSON.parse(readFileSync(file(), 'utf8'))
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(output).not.toContain(written[0][name])
})

test('a root key goes before those that there are, and is never printed', () => {
  run('--root')
  const { output } = run('--root')
  const path = join(folder, 'root-keys.txt')
  const text = readFileSync(path, 'utf8').trim()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const read = readRootKeys(text, undefined)
  expect(read.ok && read.value.length).toBe(2)
  for (const entry of text.split(',')) {
    const [id = '', secret = ''] = entry.split(':')
    expect(output).toContain(id)
    expect(output).not.toContain(secret)
  }
})

test('a key for the audit log is made once, and only its public half is printed', () => {
  const { status, output } = run('--audit')
  expect(status).toBe(0)
  const path = join(folder, 'audit-key.json')
  const text = readFileSync(path, 'utf8')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const { d, alg, use, ...published } = JSON.parse(text)
  expect({ alg, use }).toEqual({ alg: 'EdDSA', use: 'sig' })
  expect(JSON.parse(output.trim().split('\n').at(-1) ?? '')).toEqual(published)
  expect(output).toContain('wrangler secret put AUDIT_SIGNING_KEY')
  expect(output).not.toContain(d)
  const again = run('--audit')
  expect(again.status).toBe(1)
  expect(again.output).toContain('is there already')
  expect(readFileSync(path, 'utf8')).toBe(text)
})

test('a secret for webhooks fits the setting, is made once and never printed', () => {
  const { status, output } = run('--webhook')
  expect(status).toBe(0)
  const path = join(folder, 'webhook-secret.txt')
  const text = readFileSync(path, 'utf8')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(Settings.shape.WEBHOOK_SECRET.safeParse(text.trim()).success).toBe(true)
  expect(Buffer.from(text.trim().slice(6), 'base64')).toHaveLength(32)
  expect(output).toContain('wrangler secret put WEBHOOK_SECRET')
  expect(output).not.toContain(text.trim().slice(6))
  expect(run('--webhook').output).toContain('is there already')
  expect(run('--webhook', '--webhook-file', 'webhook-secret-2.txt').status).toBe(0)
  expect(readFileSync(path, 'utf8')).toBe(text)
})

test.each([
  ['a set that is there is not made anew', [], true, 'is there already'],
  ['a set that is not there cannot be added to', ['--next'], false, 'is not there'],
  ['the only key stays', ['--drop'], true, 'only key'],
  ['the only key cannot be swapped', ['--swap'], true, 'no second key'],
  ['two steps at once are none', ['--swap', '--drop'], true, 'One step'],
])('%s', (_what, parameters, isThere, output) => {
  const text = JSON.stringify(makePrivateJwk('a'))
  if (isThere) writeFileSync(file(), text)
  const outcome = run(...parameters)
  expect(outcome.status).toBe(1)
  expect(outcome.output).toContain(output)
  expect(outcome.output).not.toContain('    at ')
  expect(readPrivateFile(file())).toBe(isThere ? text : undefined)
})

test('a file that holds something else, or a key that cannot sign, is left as it is', () => {
  for (const text of ['hunter2', '{"keys":[]}', '{"kid":"a","k":"hunter2"}']) {
    writeFileSync(file(), text)
    const { status, output } = run('--next')
    expect(status).toBe(1)
    expect(output).not.toContain('hunter2')
    expect(readFileSync(file(), 'utf8')).toBe(text)
  }
})
