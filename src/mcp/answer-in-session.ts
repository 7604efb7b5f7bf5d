import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  CompleteRequestSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type { Principal } from '#principal.ts'
import { complete, getPrompt, type Reader, readResource } from './answer-reads.ts'
import type { Reads } from './find-read.ts'
import type { Caller } from './invoke-tool.ts'
import { errorCode } from './json-rpc-error.ts'
import type { Lists } from './listed.ts'
import type { McpProduct } from './product.ts'
import { refuseCursor } from './rpc-denial.ts'
import { subscribe, type Subscriber, unsubscribe } from './subscribe.ts'
import type { tellProgress } from './tell-progress.ts'

/** Of what SDK v1 tells a handler, what this transport uses. */
export interface Extra {
  requestInfo?: { headers: Record<string, unknown> }
  requestId: string | number
  signal: AbortSignal
  sendNotification: Parameters<typeof tellProgress>[1]
  _meta?: { [key: string]: unknown; progressToken?: string | number | undefined }
}

interface Asked {
  principalOf: (extra: Extra) => Principal
  /** Around the work of a request: while it lasts, its client can cancel it. */
  during: <T>(extra: Extra, work: () => Promise<T>) => Promise<T>
  callerOf: (extra: Extra) => Promise<Caller>
  subscriberOf: (extra: Extra) => Subscriber
}

/** Lists and reads of the session transport: SDK v1 would list schemas of its own making. */
export function answerInSession(
  server: McpServer['server'],
  { product, lists, reads }: { product: McpProduct; lists: Lists; reads: Reads },
  { principalOf, during, callerOf, subscriberOf }: Asked,
): void {
  const { tools, resources, resourceTemplates, prompts } = product
  const readerOf = (extra: Extra): Reader => ({
    principal: principalOf(extra),
    caller: () => callerOf(extra),
    notFound: errorCode.resourceNotFound,
  })
  // SDK v1 promises news of a changed list as soon as it has a tool; these lists do not change.
  if (tools.length > 0) server.registerCapabilities({ tools: { listChanged: false } })
  if (tools.length > 0) {
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
