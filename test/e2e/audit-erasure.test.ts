import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deserialize } from 'node:v8'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { fromBase64Url } from '#lib/hash.ts'
import { encryptionPurposes, readRootKeys } from '#lib/root-keys.ts'
import { decrypt } from '#users/base/encryption.ts'
import { Browser } from '#harness/browser.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'
import { callMessage, mcpHeaders } from '#harness/messages.ts'
import type { OAuthClient } from '#harness/oauth-client.ts'
import { answerStepUp, linkIn } from '#harness/step-up.ts'
import { storyContext } from '#harness/story.ts'
import { callToolStateless, openSession } from '#harness/transport.ts'
import type { User } from '#harness/users.ts'
import { startWorld, type World } from '#harness/world.ts'
import { type Canary, canariesOf, findCanaries, newCanary } from '../support/canaries.ts'
import { keptPlaces, OPERATOR_WORKER } from '../support/kept-places.ts'
import { audit, openRecords, signHead, whenShipped } from '../support/local-records.ts'
import { storedFiles } from '../support/stored-state.ts'

// Invariant 19. The server's root key and all its files are in the hands of whoever looks for an erased user here.
const folder = mkdtempSync(join(tmpdir(), 'mcp-erasure-'))
const head = join(folder, 'head.jsonl')
let world: World
beforeAll(async () => {
  world = await startWorld({ entry: OPERATOR_WORKER })
}, 120_000)
afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const texts = {
  todo: newCanary('text of a todo'),
  keyed: newCanary('todo with a key'),
  owner: newCanary('personal argument'),
  undeclared: newCanary('undeclared argument'),
  email: newCanary('argument to be hashed'),
}
const name = newCanary('name').value.slice(0, 38)
const user: User = {
  username: name,
  password: crypto.randomUUID(),
  email: `${name}@example.com`,
  isRegistered: false,
}
const personal: readonly Canary[] = [...Object.values(texts), ...canariesOf('name of the user', [name])]

const LOCKER = {
  owner: texts.owner.value,
  undeclared: texts.undeclared.value,
  email: texts.email.value,
  pin: '0000',
}
const KEY = 'pingone-davinci-mcp-server/idempotency-key'

/** A login, a step-up, and calls on both transports with arguments of every class, one with an idempotency key. */
async function useEverything(client: OAuthClient): Promise<void> {
  const { mcpUrl } = world.addresses
  const browser = new Browser()
  const { tokens } = await storyContext(world.addresses).signInWith(client, {
    asked: 'todo:read',
    user,
    browser,
  })
  const bearer = tokens.access_token
  const refused = await callToolStateless(client, bearer, 'addTodo', { text: texts.todo.value })
  await answerStepUp(linkIn(refused.body) ?? '', user, { browser })
  expect((await callToolStateless(client, bearer, 'addTodo', { text: texts.todo.value })).status).toBe(200)
  expect((await callToolStateless(client, bearer, 'openLocker', LOCKER)).status).toBe(200)
  const headers = mcpHeaders(bearer, { 'mcp-session-id': await openSession(client, bearer) })
  const call = callMessage('addTodo', { text: texts.keyed.value })
  const keyed = { ...call, params: { ...call.params, _meta: { [KEY]: 'a-key-of-the-client' } } }
  for (const message of [keyed, keyed, callMessage('openLocker', LOCKER)])
    expect((await fetch(mcpUrl, { method: 'POST', headers, body: JSON.stringify(message) })).status).toBe(200)
}

const dataFolder = () => join(describeStateFolder(world.addresses.stateDir).data, 'mcp')

/** The wrapped audit key in the user's object. */
function wrappedKey(): string | null {
  for (const file of globSync('**/do/*User/*.sqlite', { cwd: dataFolder() })) {
    using database = new DatabaseSync(join(dataFolder(), file), { readOnly: true, timeout: 5000 })
    if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_cf_KV'").get() === undefined) continue
    const value = database.prepare("SELECT value FROM _cf_KV WHERE key = 'audit-key'").get()?.['value']
    if (value instanceof Uint8Array) return z.string().parse(deserialize(value))
  }
  return null
}

/** The personal fields of an event, as whoever has the root key opens them. null: nothing opens them. */
async function open(chain: string, wrapped: string | null, ciphertext: string): Promise<string | null> {
  const roots = readRootKeys(world.settings.ROOT_KEYS ?? '', undefined)
  if (!roots.ok || wrapped === null) return null
  const opened = await decrypt(roots.value, { purpose: encryptionPurposes.auditKey, grant: chain }, wrapped)
  if (!opened.ok) return null
  const root = await crypto.subtle.importKey('raw', fromBase64Url(opened.value), 'HKDF', false, ['deriveKey'])
  const info = new TextEncoder().encode('encrypt')
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }
  const key = await crypto.subtle.deriveKey(hkdf, root, { name: 'AES-GCM', length: 256 }, false, ['decrypt'])
  const [, iv = '', text = ''] = ciphertext.split('.')
  const additionalData = new TextEncoder().encode(`audit arguments\n${chain}`)
  const algorithm = { name: 'AES-GCM', iv: fromBase64Url(iv), additionalData }
  const bytes = await crypto.subtle.decrypt(algorithm, key, fromBase64Url(text)).catch(() => null)
  return bytes === null ? null : new TextDecoder().decode(bytes)
}

const Body = z.looseObject({
  type: z.string(),
  what: z.looseObject({ name: z.string() }).optional(),
  arguments: z.looseObject({ personal: z.string().optional() }).optional(),
})
function eventsOf(chain: string) {
  using records = openRecords(world.addresses.stateDir)
  const rows = records.prepare('SELECT body FROM events WHERE chain = ? ORDER BY epoch, seq').all(chain)
  return rows.map(({ body }) => Body.parse(JSON.parse(String(body))))
}
const lockerOf = (chain: string) =>
  eventsOf(chain).findLast(({ what }) => what?.name === 'openLocker')?.arguments?.personal ?? ''

const nameRows = () => {
  using records = openRecords(world.addresses.stateDir)
  return z
    .array(z.object({ id: z.string(), name: z.string() }))
    .parse(records.prepare('SELECT id, name FROM users').all())
}

test('an erased user is in no row, export or log, nothing opens their fields, and a later login continues the chain', async () => {
  const { stateDir, origin } = world.addresses
  const story = storyContext(world.addresses)
  const client = await story.newClient()
  await useEverything(client)
  await whenShipped(stateDir)
  await signHead(origin)
  await audit('head', '--state', stateDir, '--out', head)
  const [row] = nameRows()
  const chain = row?.id ?? ''
  const [oldKey, ciphertext] = [wrappedKey(), lockerOf(chain)]
  expect(JSON.parse((await open(chain, oldKey, ciphertext)) ?? 'null')).toEqual({
    owner: texts.owner.value,
    undeclared: texts.undeclared.value,
  })
  const count = eventsOf(chain).length

  expect((await fetch(`${origin}/test/erase?user=${chain}`, { method: 'POST' })).status).toBe(200)
  await whenShipped(stateDir)
  await expect.poll(nameRows).toEqual([])
  expect(wrappedKey()).toBeNull()
  const sought = [...personal, ...canariesOf('audit key', [oldKey]), ...canariesOf('name in D1', [row?.name])]
  const places = await keptPlaces(stateDir)
  const isFile = (place: string) => place.includes(' in storage ')
  const hits = findCanaries(sought, places)
  expect(hits.filter((hit) => !isFile(hit))).toEqual([])
  // What SQLite has deleted is still in its files, for whoever reads those: docs/audit.md.
  expect(
    hits.filter((hit) => !/^(?:name of the user|audit key) in .*User|^name in D1 in .*D1/.test(hit)),
  ).toEqual([])
  const events = eventsOf(chain)
  expect(events.length).toBeGreaterThan(count)
  expect(events.at(-1)?.type).toBe('user.erased')
  expect(lockerOf(chain)).toBe(ciphertext)
  expect(await audit('verify', '--state', stateDir, '--head', head)).toMatchObject({ code: 0 })

  // Once SQLite has moved its log into the file, the pages of the object hold no key that was destroyed.
  await world.kill9('mcp')
  for (const file of globSync('**/do/*User/*.sqlite', { cwd: dataFolder() })) {
    using database = new DatabaseSync(join(dataFolder(), file))
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  }
  const files = storedFiles(dataFolder()).map(({ path, text }) => ({ name: path, text }))
  expect(findCanaries(canariesOf('audit key', [oldKey]), files)).toEqual([])
  await world.restart('mcp')

  await useEverything(client)
  await whenShipped(stateDir)
  const newKey = wrappedKey()
  expect(newKey).not.toBe(oldKey)
  expect(await open(chain, newKey, ciphertext)).toBeNull()
  expect(await open(chain, newKey, lockerOf(chain))).toContain(texts.owner.value)
  const types = eventsOf(chain).map(({ type }) => type)
  expect(types.filter((type) => type === 'chain.opened')).toHaveLength(1)
  expect(types.slice(types.indexOf('user.erased') + 1)).toEqual(
    expect.arrayContaining(['login.completed', 'call']),
  )
  expect(await audit('verify', '--state', stateDir, '--head', head)).toMatchObject({ code: 0 })
})
