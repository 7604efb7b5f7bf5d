import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { beforeEach, expect, test } from 'vitest'
import { AuditKey } from '#users/audit/audit-key.ts'
import { nameInDirectory, usernameInDirectory } from '#users/audit/directory-names.ts'
import { decrypt } from '#users/base/encryption.ts'
import { userName } from '#users/base/user-id.ts'
import { fromBase64Url } from '#lib/hash.ts'
import { rootKey } from '#harness/root-key.ts'
import { block, erase } from '../acts.ts'
import { ISSUER, ROOT_KEYS } from '../settings.ts'
import { pingone } from './pingone.ts'
import { newGrant, type userOf, userWithGrant } from './story.ts'
import { auditStore, clock, operator } from './worker.ts'

beforeEach(() => {
  pingone.reset()
  operator.sets()
  auditStore.isDown = false
})

type User = Awaited<ReturnType<typeof userOf>>

const classified = {
  plain: { done: true },
  personal: { text: 'Call Dr. Lovelace' },
  hash: { email: 'ada@example.com' },
}

/** Acts with the key of this user, as the object does. */
async function withKey<T>(user: User, subject: string, act: (key: AuditKey) => Promise<T>): Promise<T> {
  const hasGrant = (await user.listGrants()).some(({ ended }) => ended === null)
  const name = await userName(ISSUER, subject)
  const [config, mayHaveKey] = [() => operator.config, () => hasGrant]
  return runInDurableObject(user, (_object, { storage: { kv } }) =>
    act(new AuditKey({ kv, config, user: name, mayHaveKey })),
  )
}

/** Everything that the object has on disk. */
const dump = (user: User): Promise<string> =>
  runInDurableObject(user, (_object, { storage }) => {
    const tables = storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
      )
      .toArray()
    const rows = tables.map(({ name }) => storage.sql.exec(`SELECT * FROM "${name}"`).toArray())
    return JSON.stringify([Array.from(storage.kv.list()), rows])
  })

async function ship(user: User, aheadMs = 70_000): Promise<void> {
  clock.aheadMs += aheadMs
  await runDurableObjectAlarm(user)
}

test('personal arguments are one ciphertext that only this user can open, and hashes are equal for equal values', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  const [one, two] = await withKey(user, subject, async (key) => [
    await key.protect(classified),
    await key.protect({ hash: { email: 'ada@example.com', name: 'ada@example.com' } }),
  ])
  expect(one).toMatchObject({ plain: { done: true }, personal: expect.stringMatching(/^v1\./) })
  expect(Object.keys(one ?? {})).toEqual(['plain', 'personal', 'hash'])
  expect(JSON.stringify(one)).not.toMatch(/Lovelace|example/)
  expect(two?.hash?.['email']).toBe(one?.hash?.['email'])
  expect(two?.hash?.['name']).not.toBe(one?.hash?.['email'])
  expect(await withKey(user, subject, (key) => key.reveal(one?.personal ?? ''))).toEqual({
    ok: true,
    value: { text: 'Call Dr. Lovelace' },
  })
  const other = crypto.randomUUID()
  const { user: another } = await userWithGrant({ subject: other })
  const hashes = await withKey(another, other, (key) => key.protect(classified))
  expect(hashes.hash?.['email']).not.toBe(one?.hash?.['email'])
  expect(await withKey(another, other, (key) => key.reveal(one?.personal ?? ''))).toEqual({
    ok: false,
    error: 'broken',
  })
})

test('without its root key a user has hashes only, and with it the old fields open again', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  const { personal = '' } = await withKey(user, subject, (key) => key.protect(classified))
  operator.sets({ ROOT_KEYS: rootKey('k2') })
  const without = await withKey(user, subject, (key) => key.protect(classified))
  expect(without).toMatchObject({ plain: { done: true }, hmac: { text: expect.any(String) } })
  expect(without.personal).toBeUndefined()
  expect(without.hash?.['email']).toEqual(expect.any(String))
  expect(await withKey(user, subject, (key) => key.reveal(personal))).toEqual({
    ok: false,
    error: 'unreadable',
  })
  operator.sets({ ROOT_KEYS: `${rootKey('k2')},${ROOT_KEYS}` })
  expect(await withKey(user, subject, (key) => key.reveal(personal))).toMatchObject({ ok: true })
})

test('a root key that is retired for good gives its users a new audit key at their next login', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  operator.sets({ ROOT_KEYS: rootKey('k2'), RETIRED_ROOT_KEYS: 'k1' })
  await user.openGrant(await newGrant({ id: 'g2' }))
  const { personal = '' } = await withKey(user, subject, (key) => key.protect(classified))
  expect(await withKey(user, subject, (key) => key.reveal(personal))).toMatchObject({ ok: true })
})

test('a user from before the audit log gets a key with the first call', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  await runInDurableObject(user, (_object, { storage }) => void storage.kv.delete('audit-key'))
  const [one, two] = await withKey(user, subject, (key) =>
    Promise.all([key.protect(classified), key.protect(classified)]),
  )
  for (const { personal = '' } of [one, two])
    expect(await withKey(user, subject, (key) => key.reveal(personal))).toMatchObject({ ok: true })
})

test('erasing ends all grants, keeps the chain and leaves nothing that names the user or opens a personal field', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  const chain = await userName(ISSUER, subject)
  await user.openGrant(await newGrant({ id: 'g2' }))
  await user.endGrant('g2', 'ended_by_user')
  await user.openPage('page', {
    userName: 'Ada',
    pingOneSession: 'sid',
    authenticatedAtSeconds: Math.floor((Date.now() + clock.aheadMs) / 1000),
  })
  const { personal = '' } = await withKey(user, subject, (key) => key.protect(classified))
  await ship(user)
  const { name, username } = auditStore.directory.get(chain) ?? {}
  expect([name, username]).toEqual([expect.any(String), expect.any(String)])
  expect(await dump(user)).toMatch(/Ada.*ada-at-pingone/s)

  await erase(user)
  expect((await user.listGrants()).map(({ ended }) => ended?.reason)).toEqual(
    expect.arrayContaining(['ended_by_operator', 'ended_by_user']),
  )
  expect(await user.readAccount('page')).toBe('over')
  expect(await dump(user)).not.toMatch(/Ada|ada-at-pingone|audit-key/)
  const revealed = await withKey(user, subject, (key) => key.reveal(personal))
  expect(revealed).toEqual({ ok: false, error: 'unreadable' })
  // A call that was under way protects what it has: no key is made for it.
  expect(await withKey(user, subject, (key) => key.protect(classified))).toEqual({
    plain: { done: true },
    cut: ['text', 'email'],
  })

  await ship(user)
  expect(auditStore.directory.has(chain)).toBe(false)
  expect(await auditStore.faultOf(chain)).toBeNull()
  expect(auditStore.bodiesOf(chain).at(-1)).toMatchObject({ type: 'user.erased' })
  expect(JSON.stringify(auditStore.bodiesOf(chain))).not.toMatch(/Ada|ada-at-pingone/)
})

test('the row of an erased user is deleted as often as it takes, and stays deleted until the next login', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  const chain = await userName(ISSUER, subject)
  // This batch reaches the log only after the erasure.
  auditStore.troubles.push('late')
  await ship(user)
  await erase(user)
  auditStore.isDown = true
  await ship(user, 1000)
  auditStore.isDown = false
  await ship(user, 600_000)
  await ship(user)
  expect(auditStore.directory.has(chain)).toBe(false)
  expect(await user.auditState()).toMatchObject({ waiting: 0 })
  const entry = auditStore.batches.filter((batch) => batch.chain === chain).at(-1)
  expect(entry?.directory).toBeNull()

  await user.openGrant(await newGrant({ id: 'g2', userName: 'Ada Byron' }))
  await ship(user)
  const row = auditStore.directory.get(chain)
  const name = await decrypt(operator.config.rootKeys, nameInDirectory(chain), row?.name ?? '')
  expect(name).toEqual({ ok: true, value: 'Ada Byron' })
  const username = await decrypt(operator.config.rootKeys, usernameInDirectory(chain), row?.username ?? '')
  expect(username).toEqual({ ok: true, value: 'ada-at-pingone' })
  for (const hash of [row?.nameHash, row?.usernameHash]) expect(fromBase64Url(hash ?? '')).toHaveLength(32)
  expect(row?.usernameHash).not.toBe(row?.nameHash)
  expect(await auditStore.faultOf(chain)).toBeNull()
})

test('an erasure keeps a block, and a blocked user is not let in by it', async () => {
  const { user } = await userWithGrant()
  await block(user)
  await erase(user)
  expect(await user.openGrant(await newGrant({ id: 'g2' }))).toBe('blocked')
})

test('the row of the directory is sent with the first batch of a grant, then once an hour', async () => {
  const subject = crypto.randomUUID()
  const { user } = await userWithGrant({ subject })
  const chain = await userName(ISSUER, subject)
  await ship(user)
  await user.reportFinding('grant', 'refresh-repeated-elsewhere')
  await ship(user)
  await user.reportFinding('grant', 'refresh-repeated-elsewhere')
  await ship(user, 3_600_000)
  const sent = auditStore.batches.filter((batch) => batch.chain === chain)
  expect(sent.map(({ directory }) => directory !== null)).toEqual([true, false, true])
})
