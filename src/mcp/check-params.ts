import { isSpecType } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { AnyTool } from '#catalog/define-tool.ts'
import { errorCode } from './json-rpc-error.ts'
import type { DenialWords } from './product.ts'
import { RpcDenial } from './rpc-denial.ts'
import { failure, type ToolResult } from './tool-result.ts'

/** What a request of each method looks like that both transports have. */
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

const inSession = new Map([
  ...shapes,
  ['resources/subscribe', isSpecType.SubscribeRequest],
  ['resources/unsubscribe', isSpecType.UnsubscribeRequest],
])

const Request = z.object({ method: z.string(), id: z.union([z.string(), z.int()]) })

/** A request that its method cannot take, and what to answer it: an error, or an error of the tool. */
export interface WrongParams {
  method: string
  id: string | number
  answer: RpcDenial | ToolResult
}

/**
 * JSON-RPC 2.0 §5.1: wrong parameters are -32602. Both SDKs find them too, but call nearly all an internal error
 * (-32603), tell the client how their own check is written, and repeat the names that it sent.
 */
export const findWrongParams = (message: unknown, tools: readonly AnyTool[] | null, words: DenialWords) =>
  findWrong(shapes, message, tools, words)

/** The same of the session transport, which has two methods more. */
export const findWrongParamsInSession = (
  message: unknown,
  tools: readonly AnyTool[] | null,
  words: DenialWords,
) => findWrong(inSession, message, tools, words)

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
 * MCP 2025-11-25 Tools, Error Handling: a tool that does not exist is an error of the protocol; arguments that do not fit
 * are an error of the tool, so that a model sees it and can call again.
 */
function findWrongCall(
  message: unknown,
  tools: readonly AnyTool[],
  words: DenialWords,
): RpcDenial | ToolResult | null {
  const call = Call.safeParse(message)
  if (!call.success) return null
  const { name, arguments: given } = call.data.params
  const tool = tools.find((one) => one.name === name)
  if (tool === undefined) return new RpcDenial(errorCode.invalidParams, NO_TOOL)
  const input = tool.input.safeParse(given)
  if (input.success) return null
  // Only names of the schema: any other one is the client's own text.
  const fields = Object.keys(tool.input.shape).filter((field) =>
    input.error.issues.some(({ path }) => path[0] === field),
  )
  return failure({ reason: 'bad_input', fields }, null, words)
}

const NO_TOOL =
  'Unknown tool: this server has no tool of this name. Call tools/list to see the tools that it has.'
