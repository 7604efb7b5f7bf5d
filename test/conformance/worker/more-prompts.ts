import {
  acceptedContent,
  inputRequired,
  isSpecType,
  type McpServer as StatelessServer,
} from '@modelcontextprotocol/server'
import type { McpServer as StatefulServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { GetPromptRequestSchema, GetPromptResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { behind } from './behind.ts'
import { image, text } from './contents.ts'

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
  const transport = behind(server, 'prompts/get')
  if (transport === undefined) throw new Error('the session transport answers no prompts/get')
  server.setRequestHandler(GetPromptRequestSchema, async (request, extra) =>
    request.params.name === IMAGE_PROMPT
      ? imagePrompt
      : GetPromptResultSchema.parse(await transport(request, extra)),
  )
}

/** As above; one of them asks the user first (MRTR outside a tool call). */
export function addStatelessPrompts({ server }: StatelessServer): void {
  const transport = behind(server, 'prompts/get')
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
