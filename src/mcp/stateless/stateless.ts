import { McpServer, type ServerContext } from '@modelcontextprotocol/server'
import { createMcpHandler } from 'agents/mcp/server'
import { z } from 'zod'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { complete, getPrompt, type Reader, readResource } from '../calls/answer-reads.ts'
import { askStateless, type AskDeps } from './ask-stateless.ts'
import { findWrongParams, type Id, type MethodMessage } from '../edge/read-message.ts'
import { convertOnce, describeTool, type Lists, onePage, shownOf, toolsFor } from '../lists/listed.ts'
import { type Extension, isShown, type McpProduct } from '../product.ts'
import type { Reads } from '../lists/reads.ts'
import { type Caller, type EnteredCall, tellProgress } from '../calls/caller.ts'
import { invoke, toToolResult } from '../calls/invoke-tool.ts'
import { errorCode } from '../json-rpc-error.ts'
import { hasOurPrefix, readState } from './request-state.ts'
import { orBroken } from '../calls/tool-result.ts'

/** The context of one request, after all checks at the edge. */
interface StatelessCall extends AskDeps {
  /** The call that the edge has begun; undefined: the message asks for none. */
  begun: EnteredCall | undefined
  makeCaller(call: Pick<Caller, 'message' | 'signal' | 'progress'>): Promise<Caller>
}

/** A request or a notification; undefined: the method has no body. */
type StatelessMessage = MethodMessage & { id?: Id }

/** The product with the lists and reads derived from it, made once. */
interface StatelessProduct {
  product: McpProduct
  lists: Lists
  reads: Reads
  extend: Extension['stateless']
}

/**
 * Protocol 2026-07-28: each request gets its own SDK v2 server. The principal is looked up by the request object, so no
 * token or principal passes through the SDK, where a tool could read it.
 * @step tool-call 1 stateless transport
 */
export function makeStatelessTransport(served: StatelessProduct) {
  const ready = { ...served, tools: served.product.tools.map(withSchemas) }
  const calls = new WeakMap<Request, { call: StatelessCall; message: StatelessMessage | undefined }>()
  const handler = createMcpHandler(
    ({ requestInfo }) => {
      const known = requestInfo && calls.get(requestInfo)
      if (known === undefined)
        throw new Error('a request without a principal reached the stateless transport')
      return makeServer(ready, known.call, known.message)
    },
    {
      route: '/mcp',
      legacy: 'reject',
      // guard-request.ts and compose.ts check Origin and Host; the resource server sets CORS.
      allowedOriginHostnames: '*',
      corsOptions: false,
      onerror: (error) => log.warn('stateless.error', { detail: redacted(error.message) }),
    },
  )
  return (
    request: Request,
    parsedBody: StatelessMessage | undefined,
    call: StatelessCall,
  ): Promise<Response> => {
    calls.set(request, { call, message: parsedBody })
    return handler.fetch(request, { parsedBody })
  }
}

/** Caches the JSON Schemas, because the SDK converts them for each request's server. */
const withSchemas = (tool: AnyTool) => ({
  tool,
  inputSchema: convertOnce(tool.input),
  outputSchema: convertOnce(tool.output),
})

interface ServedProduct extends StatelessProduct {
  tools: ReturnType<typeof withSchemas>[]
}

// Private, because every answer needs a token. Lists may be cached for a minute, contents only briefly: others may
// change them.
const list = { ttlMs: 60_000, cacheScope: 'private' as const }
const cacheHints = {
  'tools/list': list,
  'resources/list': list,
  'resources/templates/list': list,
  'prompts/list': list,
  'resources/read': { ttlMs: 5_000, cacheScope: 'private' as const },
}

// Lists never change while an isolate lives. Resources have no subscriptions here, because a long stream would keep the
// user's object awake (docs/decisions/0008-reading-through-the-door-of-tools.md).
const onlyTools = { tools: { listChanged: false } }

function capabilitiesOf({ resources, resourceTemplates, prompts }: McpProduct) {
  const hasResources = resources.length + resourceTemplates.length > 0
  return {
    ...onlyTools,
    ...(hasResources ? { resources: { listChanged: false, subscribe: false } } : {}),
    ...(prompts.length > 0 ? { prompts: { listChanged: false } } : {}),
    ...(resourceTemplates.length > 0 ? { completions: {} } : {}),
  }
}

function makeServer(
  ready: ServedProduct,
  call: StatelessCall,
  message: StatelessMessage | undefined,
): McpServer {
  const { product, extend, lists } = ready
  const method = message?.method
  // A server lives for one request, so it registers only what the request needs.
  const isForTools = method === 'tools/call' || method === 'tools/list'
  const server = new McpServer(product.server, {
    instructions: product.instructions,
    cacheHints,
    capabilities: isForTools ? onlyTools : capabilitiesOf(product),
    requestState: {
      verify: async (state) => {
        if (extend !== undefined && !hasOurPrefix(state)) return undefined
        const opened = await readState(await call.keys(), call.principal, state, call.nowSeconds())
        if (opened?.client !== call.principal.client)
          throw new Error('not of this principal, altered, or too old')
        return opened
      },
    },
  })
  if (method === 'tools/call') registerTool(server, ready, message?.params?.['name'], call)
  if (method === 'tools/list')
    server.server.setRequestHandler(method, onePage({ tools: toolsFor(lists, call.principal) }))
  if (!isForTools) answerReads(server, ready, call)
  extend?.(server)
  if (message?.id === undefined) return server
  const known = extend === undefined ? product.tools : null
  const wrong = findWrongParams('stateless', message, known, call.principal)
  if (wrong !== null) {
    // Replaces the handler, so the SDK's checks of headers and envelope still run first.
    server.server.setRequestHandler(message.method, { params: z.unknown() }, () => {
      throw wrong
    })
  }
  return server
}

/** Registers the tool that the message calls; findWrongParams answers an unknown name. */
function registerTool(
  server: McpServer,
  { tools, product }: ServedProduct,
  name: unknown,
  call: StatelessCall,
): void {
  const called = tools.find(({ tool }) => tool.name === name)
  if (called === undefined || !isShown(called.tool, call.principal)) return
  const { tool, inputSchema, outputSchema } = called
  const facts = { ...describeTool(tool), inputSchema, outputSchema }
  server.registerTool(tool.name, facts, (input, { mcpReq }) =>
    orBroken(tool.name, product.words, async () => {
      const caller = await callerOf(call, mcpReq)
      const { principal } = call
      // The arguments that were judged at the edge; the SDK's are the same, parsed again.
      const judged = call.begun?.input ?? input
      return tool.confirm === undefined
        ? toToolResult(await invoke(tool, judged, principal, caller))
        : askStateless({ tool, input: judged, principal, caller }, mcpReq.envelope, call)
    }),
  )
}

function answerReads(
  { server }: McpServer,
  { product, lists, reads }: ServedProduct,
  call: StatelessCall,
): void {
  const { resources, resourceTemplates, prompts } = product
  const { principal } = call
  const readerOf = ({ mcpReq }: ServerContext): Reader => ({
    principal,
    caller: async () => callerOf(call, mcpReq),
    notFound: errorCode.invalidParams,
  })
  if (resources.length + resourceTemplates.length > 0) {
    server.setRequestHandler('resources/list', onePage({ resources: shownOf(lists.resources, principal) }))
    server.setRequestHandler(
      'resources/templates/list',
      onePage({ resourceTemplates: shownOf(lists.resourceTemplates, principal) }),
    )
    server.setRequestHandler('resources/read', ({ params }, context) =>
      readResource(reads, params.uri, readerOf(context)),
    )
  }
  if (prompts.length > 0) {
    server.setRequestHandler('prompts/list', onePage({ prompts: shownOf(lists.prompts, principal) }))
    server.setRequestHandler('prompts/get', ({ params }, context) =>
      getPrompt(reads, params.name, params.arguments, readerOf(context)),
    )
  }
  if (resourceTemplates.length > 0) {
    server.setRequestHandler('completion/complete', ({ params }, context) =>
      complete(reads, params, readerOf(context)),
    )
  }
}

/** A closed stream cancels the call (MCP 2026-07-28 Transports, Cancellation). */
const callerOf = (call: StatelessCall, { _meta, signal, notify }: ServerContext['mcpReq']): Promise<Caller> =>
  call.makeCaller({
    message: { meta: _meta },
    signal,
    progress: tellProgress(_meta, (notification) => notify(notification)),
  })
