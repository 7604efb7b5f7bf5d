import { type OAuthResourceContext, insufficientScope } from '@cloudflare/workers-oauth-provider'
import { SERVER_INFO_META_KEY } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { UserApi } from './deps.ts'
import { errorCode } from './json-rpc-error.ts'
import { missingScopes } from './list-tools.ts'
import { report } from './request-log.ts'
import type { McpProduct } from './product.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { Principal } from '#principal.ts'
import type { StepUpApi, StepUpDenial } from '#users/requests/step-ups.ts'

const ToolsCall = z.object({ method: z.literal('tools/call'), params: z.object({ name: z.string() }) })

/** The tool that a message calls; undefined for other messages and unknown tools. */
export function calledTool(tools: readonly AnyTool[], message: unknown): AnyTool | undefined {
  const call = ToolsCall.safeParse(message)
  return call.success ? tools.find((tool) => tool.name === call.data.params.name) : undefined
}

/**
 * MCP 2026-07-28 Authorization, Scope Challenge Handling: 403 with every scope that the call needs, so that one consent is
 * enough. Clients request more scopes only on 403, but an SDK turns a denial into HTTP 200: this runs before both SDKs.
 * The answer also carries a step-up link, for clients that ignore the challenge.
 * @step tool-call 2 scope challenge
 * @step step-up 1-3 challenge and link
 */
export async function challengeScopes(
  tool: AnyTool,
  auth: OAuthResourceContext<unknown>['auth'],
  { user, grant }: Principal,
  message: unknown,
  {
    userApi,
    network,
    server,
  }: {
    userApi: () => Promise<UserApi>
    network: string
    server: McpProduct['server']
  },
): Promise<Response | null> {
  const missing = missingScopes(tool, auth.scope)
  if (missing.length === 0) return null
  const challenge = insufficientScope(
    auth,
    [...tool.scopes],
    `${tool.name} needs ${tool.scopes.join(' and ')}`,
  )
  const caller = { user, grant, network, audience: auth.audience }
  const denial = await openStepUp(tool, caller, userApi)
  if (denial === null) return challenge
  const words = sayStepUp(tool, missing, caller, denial)
  // The model sees the error of a tool, never that of a read.
  const isCall = ToolsCall.safeParse(message).success
  return (
    (denial.isAskedAgain && isCall ? toolErrorWith(words, message, server) : null) ??
    withLink(challenge, tool, words)
  )
}

/** The caller of a request that lacks scopes. */
interface StepUpCaller {
  user: string
  grant: string
  network: string
  /** URL of the MCP endpoint. */
  audience: string
}

/** Requests a step-up from the user's object. On an outage the challenge goes out without a link. */
async function openStepUp(
  tool: AnyTool,
  { grant, network }: StepUpCaller,
  userApi: () => Promise<Pick<StepUpApi, 'openStepUp'>>,
): Promise<StepUpDenial | null> {
  try {
    const request = { grant, scopes: [...tool.scopes], tool: tool.name, network }
    return await (await userApi()).openStepUp(request)
  } catch (error) {
    report('step-up.not-opened', error, { tool: tool.name })
    return null
  }
}

/** The link has its own last line, because some programs add following text to a URL. */
function sayStepUp(
  tool: AnyTool,
  missing: readonly string[],
  { audience, user }: StepUpCaller,
  denial: StepUpDenial,
): string {
  const lacks = `${tool.name} needs ${missing.join(' and ')}, which this connection does not have. Nothing was changed. `
  switch (denial.state) {
    case 'open':
      return (
        `${lacks}Show the user the link below and do not open it yourself: it works once, for 10 minutes, and asks them ` +
        `first. When they have agreed, call ${tool.name} again.\n${new URL(audience).origin}/step-up/${user}~${denial.id}`
      )
    case 'denied':
      return `${lacks}The user was asked for it a moment ago and did not allow it. Do not ask again unless the user wants it; a new request is possible in 10 minutes.`
    case 'narrowed':
      return `${lacks}The user has allowed it already, but this access token was issued without it. It is there when the client refreshes its access without naming scopes, or connects again: tell the user.`
    default:
      return denial satisfies never
  }
}

/** The challenge with a JSON-RPC error as its body, which some clients show to their model. */
function withLink(challenge: Response, tool: AnyTool, words: string): Response {
  const data = { error: 'insufficient_scope', scope: tool.scopes.join(' ') }
  const error = { code: errorCode.refused, message: words, data }
  return Response.json({ jsonrpc: '2.0', id: null, error }, challenge)
}

const WithId = z.object({ id: z.union([z.string(), z.number()]) })

/**
 * Answers a repeated call without new scopes with a tool error: many clients discard the body of a 403, so the link would
 * never reach the user (docs/decisions/0006-step-up-in-a-tool-error.md).
 */
function toolErrorWith(words: string, message: unknown, server: McpProduct['server']): Response | null {
  const request = WithId.safeParse(message)
  if (!request.success) return null
  const content = [{ type: 'text', text: words }]
  // MCP 2026-07-28 requires `resultType` in every result and recommends the server info; older revisions ignore both.
  const _meta = { [SERVER_INFO_META_KEY]: server }
  const result = { resultType: 'complete', content, isError: true, _meta }
  return Response.json(
    { jsonrpc: '2.0', id: request.data.id, result },
    { headers: { 'cache-control': 'no-store' } },
  )
}
