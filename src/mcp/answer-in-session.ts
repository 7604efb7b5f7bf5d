import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  CompleteRequestSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListResourcesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { type Reader, complete, getPrompt, noResource, readResource } from './answer-reads.ts'
import type { UserApi } from './deps.ts'
import type { Caller } from './invoke-tool.ts'
import { RpcDenial, errorCode, readDenial, refuseCursor } from './json-rpc-error.ts'
import { missingScopes } from './list-tools.ts'
import type { Lists } from './listed.ts'
import type { DenialWords, McpProduct } from './product.ts'
import type { Reads } from './reads.ts'
import { report } from './request-log.ts'
import type { tellProgress } from './tell-progress.ts'
import type { Principal } from '#principal.ts'

/** The part of SDK v1's handler context that this transport uses. */
export interface HandlerExtra {
  requestInfo?: { headers: Record<string, unknown> }
  requestId: string | number
  signal: AbortSignal
  sendNotification: Parameters<typeof tellProgress>[1]
  _meta?: { [key: string]: unknown; progressToken?: string | number | undefined }
}

interface SessionHooks {
  principalOf: (extra: HandlerExtra) => Principal
  /** Registers a running request, so that its client can cancel it. */
  during: <T>(extra: HandlerExtra, work: () => Promise<T>) => Promise<T>
  callerOf: (extra: HandlerExtra) => Promise<Caller>
  subscriberOf: (extra: HandlerExtra) => Subscriber
}

/** Registers lists and reads on the session transport. SDK v1 would list its own conversion of the schemas. */
export function answerInSession(
  server: McpServer['server'],
  { product, lists, reads }: { product: McpProduct; lists: Lists; reads: Reads },
  { principalOf, during, callerOf, subscriberOf }: SessionHooks,
): void {
  const { tools, resources, resourceTemplates, prompts } = product
  const readerOf = (extra: HandlerExtra): Reader => ({
    principal: principalOf(extra),
    caller: () => callerOf(extra),
    notFound: errorCode.resourceNotFound,
  })
  // SDK v1 announces `listChanged` once it has a tool; these lists never change.
  if (tools.length > 0) {
    server.registerCapabilities({ tools: { listChanged: false } })
    server.setRequestHandler(ListToolsRequestSchema, ({ params }) => {
      refuseCursor(params)
      return { tools: lists.tools }
    })
  }
  if (resources.length + resourceTemplates.length > 0) {
    server.registerCapabilities({ resources: { listChanged: false, subscribe: true } })
    server.setRequestHandler(ListResourcesRequestSchema, ({ params }) => {
      refuseCursor(params)
      return { resources: lists.resources }
    })
    server.setRequestHandler(ListResourceTemplatesRequestSchema, ({ params }) => {
      refuseCursor(params)
      return { resourceTemplates: lists.resourceTemplates }
    })
    server.setRequestHandler(ReadResourceRequestSchema, ({ params }, extra) =>
      during(extra, () => readResource(reads, params.uri, readerOf(extra))),
    )
    server.setRequestHandler(SubscribeRequestSchema, ({ params }, extra) =>
      subscribe(reads, params.uri, subscriberOf(extra)),
    )
    server.setRequestHandler(UnsubscribeRequestSchema, ({ params }, extra) =>
      unsubscribe(params.uri, subscriberOf(extra)),
    )
  }
  if (prompts.length > 0) {
    server.registerCapabilities({ prompts: { listChanged: false } })
    server.setRequestHandler(ListPromptsRequestSchema, ({ params }) => {
      refuseCursor(params)
      return { prompts: lists.prompts }
    })
    server.setRequestHandler(GetPromptRequestSchema, ({ params }, extra) =>
      during(extra, () => getPrompt(reads, params.name, params.arguments, readerOf(extra))),
    )
  }
  if (resourceTemplates.length > 0) {
    server.registerCapabilities({ completions: {} })
    server.setRequestHandler(CompleteRequestSchema, ({ params }, extra) =>
      during(extra, () => complete(reads, params, readerOf(extra))),
    )
  }
}

/** The context of one subscribe or unsubscribe request. */
interface Subscriber {
  principal: Principal
  session: string
  words: DenialWords
  userApi: () => Promise<Pick<UserApi, 'subscribe' | 'unsubscribe'>>
}

const RETRY_AFTER_SECONDS = 5

/** MCP 2025-11-25 Resources, Subscriptions. Needs the scopes of a read; reads nothing. */
export async function subscribe(reads: Reads, uri: string, subscriber: Subscriber) {
  const { principal, session, words } = subscriber
  const found = reads.resource(uri)
  if (!found.ok) throw noResource(uri, { notFound: errorCode.resourceNotFound })
  // Checked again after the challenge at the edge, as in invoke-tool.ts.
  if (missingScopes(found.value.act, principal.scopes).length > 0)
    throw readDenial({ reason: 'scope_missing' }, words)
  const answer = await orNotStarted(words, async () =>
    (await subscriber.userApi()).subscribe(session, principal.grant, uri),
  )
  switch (answer) {
    case 'done':
      return {}
    case 'ended':
      throw readDenial({ reason: 'ended' }, words)
    case 'closed':
      throw new RpcDenial(errorCode.sessionNotFound, 'Session not found')
    case 'too_many':
      throw new RpcDenial(errorCode.refused, TOO_MANY)
    case 'too_long':
      throw new RpcDenial(
        errorCode.refused,
        'This address is too long to be subscribed to. Nothing was changed.',
      )
    default:
      return answer satisfies never
  }
}

const TOO_MANY =
  'This session has as many subscriptions as it may have. Nothing was changed. Unsubscribe from another resource first.'

/** Idempotent: an unknown resource counts as unsubscribed. */
async function unsubscribe(uri: string, { principal, session, userApi, words }: Subscriber) {
  await orNotStarted(words, async () => (await userApi()).unsubscribe(session, principal.grant, uri))
  return {}
}

/** Turns an outage of the user's object into 503 at the edge (answer-stopped.ts) or an error with a retry time. */
async function orNotStarted<T>(words: DenialWords, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    report('session.not-subscribed', error, {})
    throw readDenial({ reason: 'not_started', retryAfterSeconds: RETRY_AFTER_SECONDS }, words)
  }
}
