import { isSpecType } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { AnyTool } from '#catalog/define-tool.ts'
import { errorCode, RpcDenial } from '../json-rpc-error.ts'

/** The request schema of each method that both transports have. */
const shapes = new Map<string, (message: unknown) => boolean>([
  ['initialize', isSpecType.InitializeRequest],
  ['tools/list', isSpecType.ListToolsRequest],
  ['tools/call', isSpecType.CallToolRequest],
  ['resources/list', isSpecType.ListResourcesRequest],
  ['resources/templates/list', isSpecType.ListResourceTemplatesRequest],
  ['resources/read', isSpecType.ReadResourceRequest],
  ['prompts/list', isSpecType.ListPromptsRequest],
  ['prompts/get', isSpecType.GetPromptRequest],
  ['completion/complete', isSpecType.CompleteRequest],
])

const sessionShapes = new Map([
  ...shapes,
  ['resources/subscribe', isSpecType.SubscribeRequest],
  ['resources/unsubscribe', isSpecType.UnsubscribeRequest],
])

const Request = z.object({ method: z.string(), id: z.union([z.string(), z.int()]) })

/** A request with wrong parameters and its answer. */
interface WrongParams {
  method: string
  id: string | number
  answer: RpcDenial
}

/**
 * JSON-RPC 2.0 §5.1: wrong parameters are -32602. Both SDKs answer most of them with an internal error (-32603), expose
 * their own validation and echo the client's names.
 */
export const findWrongParams = (message: unknown, tools: readonly AnyTool[] | null) =>
  findWrong(shapes, message, tools)

/** The same for the session transport, which has two more methods. */
export const findWrongParamsInSession = (message: unknown, tools: readonly AnyTool[] | null) =>
  findWrong(sessionShapes, message, tools)

function findWrong(
  known: typeof shapes,
  message: unknown,
  tools: readonly AnyTool[] | null,
): WrongParams | null {
  const request = Request.safeParse(message)
  if (!request.success) return null
  const { method, id } = request.data
  if (known.get(method)?.(message) ?? true) {
    const answer = tools === null ? null : findUnknownTool(message, tools)
    return answer === null ? null : { method, id, answer }
  }
  const words = `The parameters are not what ${method} takes. Correct them; trying again as it is does not help.`
  return { method, id, answer: new RpcDenial(errorCode.invalidParams, words) }
}

const Call = z.object({ method: z.literal('tools/call'), params: z.object({ name: z.string() }) })

/** MCP 2025-11-25 Tools, Error Handling: an unknown tool is a protocol error. */
function findUnknownTool(message: unknown, tools: readonly AnyTool[]): RpcDenial | null {
  const call = Call.safeParse(message)
  if (!call.success || tools.some(({ name }) => name === call.data.params.name)) return null
  return new RpcDenial(errorCode.invalidParams, NO_TOOL)
}

const NO_TOOL =
  'Unknown tool: this server has no tool of this name. Call tools/list to see the tools that it has.'
