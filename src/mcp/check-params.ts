import { isSpecType } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { AnyTool } from '#catalog/define-tool.ts'
import { errorCode, RpcDenial } from './json-rpc-error.ts'
import type { DenialWords } from './product.ts'
import { failure, type ToolResult } from './tool-result.ts'

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

/** A request with wrong parameters and its answer: a protocol error or a tool error. */
interface WrongParams {
  method: string
  id: string | number
  answer: RpcDenial | ToolResult
}

/**
 * JSON-RPC 2.0 §5.1: wrong parameters are -32602. Both SDKs answer most of them with an internal error (-32603), expose
 * their own validation and echo the client's names.
 */
export const findWrongParams = (message: unknown, tools: readonly AnyTool[] | null, words: DenialWords) =>
  findWrong(shapes, message, tools, words)

/** The same for the session transport, which has two more methods. */
export const findWrongParamsInSession = (
  message: unknown,
  tools: readonly AnyTool[] | null,
  words: DenialWords,
) => findWrong(sessionShapes, message, tools, words)

function findWrong(
  known: typeof shapes,
  message: unknown,
  tools: readonly AnyTool[] | null,
  denialWords: DenialWords,
): WrongParams | null {
  const request = Request.safeParse(message)
  if (!request.success) return null
  const { method, id } = request.data
  if (known.get(method)?.(message) ?? true) {
    const answer = tools === null ? null : findWrongCall(message, tools, denialWords)
    return answer === null ? null : { method, id, answer }
  }
  const words = `The parameters are not what ${method} takes. Correct them; trying again as it is does not help.`
  return { method, id, answer: new RpcDenial(errorCode.invalidParams, words) }
}

const Call = z.object({
  method: z.literal('tools/call'),
  params: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).default({}) }),
})

/**
 * MCP 2025-11-25 Tools, Error Handling: an unknown tool is a protocol error; wrong arguments are a tool error, so that
 * the model sees it and can correct the call.
 */
function findWrongCall(
  message: unknown,
  tools: readonly AnyTool[],
  words: DenialWords,
): RpcDenial | ToolResult | null {
  const call = Call.safeParse(message)
  if (!call.success) return null
  const { name, arguments: args } = call.data.params
  const tool = tools.find((one) => one.name === name)
  if (tool === undefined) return new RpcDenial(errorCode.invalidParams, NO_TOOL)
  const input = tool.input.safeParse(args)
  if (input.success) return null
  // Names only fields of the schema: any other name is the client's text.
  const fields = Object.keys(tool.input.shape).filter((field) =>
    input.error.issues.some(({ path }) => path[0] === field),
  )
  return failure({ reason: 'bad_input', fields }, null, words)
}

const NO_TOOL =
  'Unknown tool: this server has no tool of this name. Call tools/list to see the tools that it has.'
