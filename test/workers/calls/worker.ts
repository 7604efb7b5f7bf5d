import { DurableObject } from 'cloudflare:workers'
import { requireConfig } from '#config.ts'
import type { AuditStore } from '#events/store.ts'
import { todos } from '#todos/index.ts'
import type { WebhookSender } from '#lib/signed-webhook.ts'
import { makeUser } from '#users/user.ts'
import { makePingOne } from '#pingone/client.ts'
import { MemoryAuditStore } from '../memory-audit-store.ts'
import { policyOf } from '../policies.ts'
import { SETTINGS } from '../settings.ts'

/** Shared with the tests, which run in the same isolate. Ahead of real time, so that no alarm fires by itself. */
export const clock = { nowMs: Math.ceil(Date.now() / 1000) * 1000 + 365 * 24 * 3_600_000 }

/** The objects of sessions: who of them heard that it is over. */
export const sessionObjects = {
  areDown: false,
  told: [] as string[],
  /** Which of them heard that something may have changed, and what. */
  news: [] as [session: string, ...uris: string[]][],
  /** What telling them waits for. */
  until: Promise.resolve(),
}

export const config = requireConfig(
  {
    ...SETTINGS,
    API_URL: 'https://todo-api.example.test',
  },
  todos,
)

/** What the operator has set now. */
export const operator = { config }

const pingone = makePingOne(
  { ...config.pingone, apiIdentifier: config.api.identifier, deadlineMs: 100 },
  {
    fetch: async () => new Response(null, { status: 503 }),
    now: () => Math.floor(clock.nowMs / 1000),
  },
)

/** The audit log of these tests. */
export const auditStore = new MemoryAuditStore()
/** The audit log in use: a test of many events has one of its own. */
export const audit: { store: AuditStore } = { store: auditStore }

/** The receiver of webhooks; null: the settings name none. */
export const webhook: { sender: WebhookSender | null } = { sender: null }

export class User extends makeUser({
  config: () => operator.config,
  pingone: () => pingone,
  policyOf: async (_env, hash) => policyOf(hash),
  auditStore: () => audit.store,
  webhook: () => webhook.sender,
  nowMs: () => clock.nowMs,
  closeSession: async (_env, session) => {
    sessionObjects.told.push(session)
    if (sessionObjects.areDown) throw new Error('nobody there')
  },
  tellSession: async (_env, session, { uris }) => {
    sessionObjects.news.push([session, ...uris])
    await sessionObjects.until
    if (sessionObjects.areDown) throw new Error('nobody there')
  },
}) {}
/** No session runs here. */
export class McpSession extends DurableObject {}
export class Control extends DurableObject {}

export default { fetch: () => new Response(null, { status: 404 }) } satisfies ExportedHandler<Env>
