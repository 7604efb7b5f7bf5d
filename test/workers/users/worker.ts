import { DurableObject } from 'cloudflare:workers'
import { type Config, requireConfig } from '#config.ts'
import { todos } from '#todos/index.ts'
import { makeWebhookSender } from '#lib/signed-webhook.ts'
import { makeUser } from '#users/user.ts'
import type { UserDeps } from '#users/user-parts.ts'
import { makePingOne } from '#pingone/client.ts'
import { MemoryAuditStore } from '../memory-audit-store.ts'
import { policyOf } from '../policies.ts'
import { SETTINGS } from '../settings.ts'
import { answerAsPingOne } from './pingone.ts'
import { receiver } from './webhook-receiver.ts'

const given = { ...SETTINGS, API: {} }
const config = requireConfig(given, todos)
const clientOf = ({ pingone, api }: Config) =>
  makePingOne(
    { ...pingone, apiIdentifier: api.identifier, deadlineMs: 1_000 },
    { fetch: answerAsPingOne, now: () => Math.floor(Date.now() / 1000) },
  )

/** Minutes that a test lets pass. */
export const clock = { aheadMs: 0 }

/** What an operator set otherwise; a User that was evicted meanwhile finds it. */
export const operator = {
  config,
  client: clientOf(config),
  sets: (changed: Readonly<Record<string, string>> = {}) => {
    operator.config = requireConfig({ ...given, ...changed }, todos)
    operator.client = clientOf(operator.config)
  },
}

/** The audit log of these tests. */
export const auditStore = new MemoryAuditStore()

export const userDeps = {
  config: () => operator.config,
  pingone: () => operator.client,
  policyOf: async (_env: Env, hash: string) => policyOf(hash),
  auditStore: () => auditStore,
  webhook: () =>
    operator.config.webhook === null
      ? null
      : makeWebhookSender(operator.config.webhook, { fetch: receiver.fetch, nowMs: Date.now }),
  nowMs: () => Date.now() + clock.aheadMs,
  closeSession: async () => {},
  tellSession: async () => {},
} satisfies UserDeps

export class User extends makeUser(userDeps) {}
/** No session runs here. */
export class McpSession extends DurableObject {}
export class Control extends DurableObject {}

export default { fetch: () => new Response(null, { status: 404 }) } satisfies ExportedHandler
