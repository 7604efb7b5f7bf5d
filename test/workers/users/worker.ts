import { DurableObject } from 'cloudflare:workers'
import { requireConfig } from '#config.ts'
import { todos } from '#todos/index.ts'
import { makeWebhookSender } from '#lib/signed-webhook.ts'
import { makeUser } from '#users/user.ts'
import { makePingOne } from '#pingone/client.ts'
import { MemoryAuditStore } from '../memory-audit-store.ts'
import { SETTINGS } from '../settings.ts'
import { answerAsPingOne } from './pingone.ts'
import { receiver } from './webhook-receiver.ts'

const given = { ...SETTINGS, API: {} }
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

/** The audit log of these tests. */
export const auditStore = new MemoryAuditStore()

export class User extends makeUser({
  config: () => operator.config,
  pingone: () => client,
  auditStore: () => auditStore,
  webhook: () =>
    operator.config.webhook === null
      ? null
      : makeWebhookSender(operator.config.webhook, { fetch: receiver.fetch, nowMs: Date.now }),
  nowMs: () => Date.now() + clock.aheadMs,
  closeSession: async () => {},
  tellSession: async () => {},
}) {}
/** No session runs here. */
export class McpSession extends DurableObject {}

export default { fetch: () => new Response(null, { status: 404 }) } satisfies ExportedHandler
