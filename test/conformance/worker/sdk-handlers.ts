import {
  isSpecType,
  type McpServer as StatelessServer,
  acceptedContent,
  inputRequired,
} from '@modelcontextprotocol/server'
import type { McpServer as StatefulServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  ListToolsRequestSchema,
  ListToolsResultSchema,
  GetPromptRequestSchema,
  GetPromptResultSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { describeFixture, image, text } from './contents.ts'
import { z } from 'zod'

type Handler = (...given: unknown[]) => unknown

const isFunction = (value: unknown): value is Handler => typeof value === 'function'

/**
 * The transport's own handler of a method, for a fixture that handles only a part of it. An SDK has one handler per
 * method and does not expose it. Undefined: the server does not support the method.
 */
export function handlerOf(server: object, method: string): Handler | undefined {
  const handlers: unknown = Reflect.get(server, '_requestHandlers')
  const handler: unknown = handlers instanceof Map ? handlers.get(method) : undefined
  return isFunction(handler) ? handler : undefined
}

const ANYTHING = { type: 'object' as const }
const entryOf = (name: string) => ({ name, description: describeFixture(name), inputSchema: ANYTHING })

/** The tool list is the transport's own list, followed by tools that are registered only on the SDK's server. */
export function listStateful({ server }: StatefulServer, names: readonly string[]): void {
  const transport = handlerOf(server, 'tools/list')
  if (transport === undefined) throw new Error('the session transport answers no tools/list')
  server.setRequestHandler(ListToolsRequestSchema, async (request, extra) => {
    const listed = ListToolsResultSchema.parse(await transport(request, extra))
    return { ...listed, tools: [...listed.tools, ...names.map(entryOf)] }
  })
}

export function listStateless({ server }: StatelessServer, names: readonly string[]): void {
  const transport = handlerOf(server, 'tools/list')
  if (transport === undefined) throw new Error('the stateless transport answers no tools/list')
  server.setRequestHandler('tools/list', async (request, context) => {
    const listed = await transport(request, context)
    if (!isSpecType.ListToolsResult(listed)) throw new Error('the transport listed something else')
    return { ...listed, tools: [...listed.tools, ...names.map(entryOf)] }
  })
}

const IMAGE_PROMPT = 'test_prompt_with_image'
const ASKING_PROMPT = 'test_input_required_result_prompt'

const imagePrompt = {
  messages: [
    { role: 'user' as const, content: image },
    { role: 'user' as const, content: text('What is in the picture?') },
  ],
}

const ContextForm = z.object({ context: z.string() })
/** Prompts that the product's format cannot express, before those that it can. */
export function addStatefulPrompts({ server }: StatefulServer): void {
  const transport = handlerOf(server, 'prompts/get')
  if (transport === undefined) throw new Error('the session transport answers no prompts/get')
  server.setRequestHandler(GetPromptRequestSchema, async (request, extra) =>
    request.params.name === IMAGE_PROMPT
      ? imagePrompt
      : GetPromptResultSchema.parse(await transport(request, extra)),
  )
}

/** As above; one of them asks the user first (MRTR outside a tool call). */
export function addStatelessPrompts({ server }: StatelessServer): void {
  const transport = handlerOf(server, 'prompts/get')
  // A server of this transport is created for one request.
  if (transport === undefined) return
  server.setRequestHandler('prompts/get', async (request, context) => {
    const { name } = request.params
    if (name === IMAGE_PROMPT) return imagePrompt
    if (name !== ASKING_PROMPT) {
      const answer = await transport(request, context)
      if (!isSpecType.GetPromptResult(answer)) throw new Error('the transport answered with something else')
      return answer
    }
    const given = acceptedContent(context.mcpReq.inputResponses, 'user_context', ContextForm)
    if (given !== undefined) return { messages: [{ role: 'user' as const, content: text(given.context) }] }
    const ask = inputRequired.elicit({ message: 'Which context?', requestedSchema: ContextForm })
    return inputRequired({ inputRequests: { user_context: ask } })
  })
}
