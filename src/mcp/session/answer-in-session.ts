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
import { type Lists, onePage, shownOf, toolsFor } from '../lists/listed.ts'
import type { McpProduct } from '../product.ts'
import type { Reads } from '../lists/reads.ts'
import type { tellProgress } from '../calls/caller.ts'
import { PRINCIPAL_HEADER, readPrincipal } from './headers.ts'

/** The part of SDK v1's handler context that this transport uses. */
export interface HandlerExtra {
  requestInfo?: { headers: Record<string, unknown> }
  requestId: string | number
  signal: AbortSignal
  sendNotification: Parameters<typeof tellProgress>[1]
  _meta?: { [key: string]: unknown; progressToken?: string | number | undefined }
}

/** The principal of the request, which is that of no other request of the session. */
export const principalOf = (extra: Pick<HandlerExtra, 'requestInfo'>) =>
  readPrincipal(extra.requestInfo?.headers[PRINCIPAL_HEADER])

/** Answers one read. The request is registered meanwhile, so that its client can cancel it. */
type AnswerRead = <T>(extra: HandlerExtra, answer: (reader: Reader) => Promise<T>) => Promise<T>

/** Registers lists and reads on the session transport. SDK v1 would list its own conversion of the schemas. */
export function answerInSession(
  server: McpServer['server'],
  { product, lists, reads }: { product: McpProduct; lists: Lists; reads: Reads },
  answerRead: AnswerRead,
): void {
  const { tools, resources, resourceTemplates, prompts } = product
  // SDK v1 announces `listChanged` once it has a tool; these lists never change.
  if (tools.length > 0) {
    server.registerCapabilities({ tools: { listChanged: false } })
    server.setRequestHandler(ListToolsRequestSchema, (message, extra) =>
      onePage({ tools: toolsFor(lists, principalOf(extra)) })(message),
    )
  }
  if (resources.length + resourceTemplates.length > 0) {
    // The edge answers subscriptions (subscribe.ts).
    server.registerCapabilities({ resources: { listChanged: false, subscribe: true } })
    server.setRequestHandler(ListResourcesRequestSchema, (message, extra) =>
      onePage({ resources: shownOf(lists.resources, principalOf(extra)) })(message),
    )
    server.setRequestHandler(ListResourceTemplatesRequestSchema, (message, extra) =>
      onePage({ resourceTemplates: shownOf(lists.resourceTemplates, principalOf(extra)) })(message),
    )
    server.setRequestHandler(ReadResourceRequestSchema, ({ params }, extra) =>
      answerRead(extra, (reader) => readResource(reads, params.uri, reader)),
    )
  }
  if (prompts.length > 0) {
    server.registerCapabilities({ prompts: { listChanged: false } })
    server.setRequestHandler(ListPromptsRequestSchema, (message, extra) =>
      onePage({ prompts: shownOf(lists.prompts, principalOf(extra)) })(message),
    )
    server.setRequestHandler(GetPromptRequestSchema, ({ params }, extra) =>
      answerRead(extra, (reader) => getPrompt(reads, params.name, params.arguments, reader)),
    )
  }
  if (resourceTemplates.length > 0) {
    server.registerCapabilities({ completions: {} })
    server.setRequestHandler(CompleteRequestSchema, ({ params }, extra) =>
      answerRead(extra, (reader) => complete(reads, params, reader)),
    )
  }
}
