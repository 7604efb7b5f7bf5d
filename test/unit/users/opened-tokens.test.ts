import { expect, test } from 'vitest'
import { requireConfig } from '#config.ts'
import { todos } from '#todos/index.ts'
import { encryptTokens } from '#users/tokens/downstream.ts'
import type { Grant } from '#users/grants/grant.ts'
import { TokenCache } from '#users/tokens/downstream.ts'
import { tenantOf } from '#users/grants/tenant.ts'
import { rootKey } from '#harness/root-key.ts'

const configWith = (keyId: string) =>
  requireConfig(
    {
      PUBLIC_ORIGIN: 'https://mcp.example.test',
      PINGONE_ISSUER: 'https://auth.example.test/as',
      PINGONE_DV_POLICY_ID: 'policy',
      MCP_SERVER_CLIENT_ID: 'client',
      MCP_SERVER_CLIENT_SECRET: 'secret',
      API_IDENTIFIER: 'todo-api',
      ROOT_KEYS: rootKey(keyId),
      API: {},
    },
    todos,
  )
const config = configWith('k1')
/** Cannot decrypt what `config` encrypted, so every hit comes from the cache. */
const withoutKey = configWith('k2')

const grantWith = async (access: string): Promise<Grant> => ({
  id: 'g1',
  client: 'c1',
  userName: null,
  preferredUsername: null,
  openedAtSeconds: 0,
  usedAtSeconds: 0,
  downstreamScopes: [],
  tenant: tenantOf(config),
  encrypted: await encryptTokens(config, 'g1', { access, refresh: null }),
  downstreamEndsAtSeconds: 1,
  isRenewable: false,
  shown: null,
  pingOneSession: null,
  replacedAtSeconds: null,
  operator: null,
  ended: null,
})

test('tokens are decrypted once, and again when others were encrypted in their place', async () => {
  const opened = new TokenCache()
  const grant = await grantWith('first')
  const first = { ok: true, value: { access: 'first', refresh: null } }
  expect(await opened.open(config, grant)).toEqual(first)
  expect(await opened.open(withoutKey, grant)).toEqual(first)
  const renewed = await grantWith('second')
  expect(await opened.open(config, renewed)).toEqual({ ok: true, value: { access: 'second', refresh: null } })
  expect((await opened.open(withoutKey, grant)).ok).toBe(false)
})

test('forgotten tokens, and those of a grant that ended, are not there any more', async () => {
  const opened = new TokenCache()
  const grant = await grantWith('first')
  await opened.open(config, grant)
  expect((await opened.open(withoutKey, { ...grant, encrypted: '' })).ok).toBe(false)
  expect((await opened.open(withoutKey, grant)).ok).toBe(false)
  await opened.open(config, grant)
  opened.forget('g1')
  expect((await opened.open(withoutKey, grant)).ok).toBe(false)
})
