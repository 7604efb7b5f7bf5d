import { isSpecType } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { errorCode } from './json-rpc-error.ts'
import { RpcRefusal } from './rpc-refusal.ts'

/** What a request of each method looks like that both lanes have. */
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

/** A request whose `params` are not what its method takes, and what to say of it. */
export interface WrongParams {
  method: string
  id: string | number
  refusal: RpcRefusal
}

/**
 * JSON-RPC 2.0 §5.1: wrong parameters are -32602. Both SDKs find them too, but call nearly all an internal error
 * (-32603), and tell the client how their own check is written.
 */
export const findWrongParams = (message: unknown) => findWrong(shapes, message)

/** The same of the stateful lane, which has two methods more. */
export const findWrongParamsInSession = (message: unknown) => findWrong(inSession, message)

function findWrong(known: typeof shapes, message: unknown): WrongParams | null {
  const request = Request.safeParse(message)
  if (!request.success) return null
  const { method, id } = request.data
  if (known.get(method)?.(message) ?? true) return null
  const words = `The parameters are not what ${method} takes. Correct them; trying again as it is does not help.`
  return { method, id, refusal: new RpcRefusal(errorCode.invalidParams, words) }
}
