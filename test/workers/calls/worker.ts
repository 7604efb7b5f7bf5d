import { requireConfig } from '../../../src/config.ts'
import { makePerson } from '../../../src/people/person.ts'
import { makePingOne } from '../../../src/pingone/client.ts'

/** Shared with the tests, which run in the same isolate. */
export const clock = { nowMs: Date.parse('2026-11-01T12:00:00Z') }

/** The objects of sessions: who of them heard that it is over. */
export const sessionObjects = { areDown: false, told: [] as string[] }

export const config = requireConfig({
  PUBLIC_ORIGIN: 'https://mcp.example.test',
  PINGONE_ISSUER: 'https://auth.pingone.test/7f9a1f2e/as',
  PINGONE_DV_POLICY_ID: '8b560e5d0d4f4d0b9d7a1c5e2f3a4b5c',
  MCP_SERVER_CLIENT_ID: 'the-application',
  MCP_SERVER_CLIENT_SECRET: 'the-secret',
  API_IDENTIFIER: 'todo-api',
  API_URL: 'https://todo-api.example.test',
  ROOT_KEYS: `k1:${'A'.repeat(43)}`,
})

const pingone = makePingOne(
  { ...config.pingone, apiIdentifier: config.api.identifier, deadlineMs: 100 },
  {
    fetch: async () => new Response(null, { status: 503 }),
    now: () => Math.floor(clock.nowMs / 1000),
  },
)

export class Person extends makePerson({
  config: () => config,
  pingone: () => pingone,
  nowMs: () => clock.nowMs,
  closeSession: async (_env, session) => {
    sessionObjects.told.push(session)
    if (sessionObjects.areDown) throw new Error('nobody there')
  },
}) {}

export default { fetch: () => new Response(null, { status: 404 }) } satisfies ExportedHandler<Env>
