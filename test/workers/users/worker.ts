import { requireConfig } from '#config.ts'
import { todos } from '#todos/index.ts'
import { makeUser } from '#users/user.ts'
import { makePingOne } from '#pingone/client.ts'
import { answerAsPingOne, CLIENT_ID, ISSUER, POLICY } from './pingone.ts'
import { rootKey } from '#harness/root-key.ts'

const given = {
  PUBLIC_ORIGIN: 'https://mcp.example.test',
  PINGONE_ISSUER: ISSUER,
  PINGONE_DV_POLICY_ID: POLICY,
  MCP_SERVER_CLIENT_ID: CLIENT_ID,
  MCP_SERVER_CLIENT_SECRET: 'secret',
  API_IDENTIFIER: 'todo-api',
  ROOT_KEYS: rootKey('k1'),
  API: {},
}
const config = requireConfig(given, todos)
const settings = { ...config.pingone, apiIdentifier: config.api.identifier, deadlineMs: 1_000 }
const client = makePingOne(settings, {
  fetch: answerAsPingOne,
  now: () => Math.floor(Date.now() / 1000),
})

/** Minutes that a test lets pass. */
export const clock = { aheadMs: 0 }

/** What an operator set otherwise; a User that was evicted meanwhile finds it. */
export const operator = {
  config,
  sets: (changed: Readonly<Record<string, string>> = {}) => {
    operator.config = requireConfig({ ...given, ...changed }, todos)
  },
}

export class User extends makeUser({
  config: () => operator.config,
  pingone: () => client,
  nowMs: () => Date.now() + clock.aheadMs,
  closeSession: async () => {},
  tellSession: async () => {},
}) {}

export default { fetch: () => new Response(null, { status: 404 }) } satisfies ExportedHandler
