import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  CompleteRequestSchema,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListResourcesRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { type Reader, complete, getPrompt, readResource } from '../calls/answer-reads.ts'
import type { Caller, tellProgress } from '../calls/caller.ts'
import { errorCode, refuseCursor } from '../json-rpc-error.ts'
import type { Lists } from '../lists/listed.ts'
import type { McpProduct } from '../product.ts'
import type { Reads } from '../lists/reads.ts'
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
  callerOf: (extra: HandlerExtra, input: Record<string, unknown>) => Promise<Caller>
}

/** Registers lists and reads on the session transport. SDK v1 would list its own conversion of the schemas. */
export function answerInSession(
  server: McpServer['server'],
  { product, lists, reads }: { product: McpProduct; lists: Lists; reads: Reads },
  { principalOf, during, callerOf }: SessionHooks,
): void {
  const { tools, resources, resourceTemplates, prompts } = product
  const readerOf = (extra: HandlerExtra): Reader => ({
    principal: principalOf(extra),
    caller: (input) => callerOf(extra, input),
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
    // The edge answers subscriptions (subscribe.ts).
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
