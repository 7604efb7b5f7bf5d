import { env } from 'cloudflare:workers'
import { sha256Hex } from '#lib/hash.ts'
import { grantKey, tokenKey } from '#users/grants/grant-records.ts'
import { makeUserId, openUserId } from '#users/base/user-id.ts'
import { readRootKeys } from '#lib/root-keys.ts'
import { ISSUER, ORIGIN, ROOT_KEYS } from '../../workers/settings.ts'
import { bearer, random, type Send, type SendOptions } from './server.ts'

const CLIENT = 'the-client'
const HOUR_SECONDS = 3600

const keys = readRootKeys(ROOT_KEYS, undefined)
if (!keys.ok) throw new Error(keys.error)
const rootKeys = keys.value

/** A user and the object with their grants. */
export async function userNamed(subject: string) {
  const id = await makeUserId(rootKeys[0], ISSUER, subject)
  const name = await openUserId(rootKeys, id)
  if (!name.ok) throw new Error('not an id of ours')
  return { id, object: () => env.USER.getByName(name.value) }
}

type User = Awaited<ReturnType<typeof userNamed>>

/** Creates a grant with one access token directly, because thousands of logins would take too long. */
export async function newToken({ id, object }: User): Promise<string> {
  const [grant, secret] = [random(16), random(32)]
  const token = `${id}:${grant}:${secret}`
  const endsAt = Math.floor(Date.now() / 1000) + HOUR_SECONDS
  const record = {
    value: JSON.stringify({ clientId: CLIENT, authCodeId: 'the code' }),
    expiresAtSeconds: endsAt,
  }
  const user = object()
  await user.openGrant({
    id: grant,
    record,
    client: CLIENT,
    shown: { name: 'Client', domain: null, redirectUri: 'http://localhost:33418/done' },
    userName: 'Ada',
    pingOneSession: 'the-session',
    downstreamScopes: ['todo:read'],
    accessToken: 'the-access-token',
    refreshToken: 'the-refresh-token',
    downstreamEndsAtSeconds: endsAt,
    environment: null,
  })
  const audience = `${ORIGIN}/mcp`
  const value = JSON.stringify({
    expiresAt: endsAt,
    audience,
    scope: ['todo:read'],
    grant: { clientId: CLIENT },
  })
  await user.commit(grant, {
    before: record.value,
    presented: 'the code',
    writes: [
      [grantKey(grant), { ...record, value: JSON.stringify({ clientId: CLIENT, redeemed: true }) }],
      [tokenKey(grant, await sha256Hex(token)), { value, expiresAtSeconds: endsAt }],
    ],
    spent: null,
  })
  return token
}

const meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bare-client', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
}
const listTools = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } })

/** A stateless request that any valid bearer may send. */
export const ask = (
  send: Send,
  token: string,
  { from, headers }: Pick<SendOptions, 'from' | 'headers'> = {},
) =>
  send('/mcp', {
    ...(from === undefined ? {} : { from }),
    headers: {
      ...bearer(token),
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
      ...headers,
    },
    body: listTools,
  })
