import { insufficientScope, type OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { z } from 'zod'
import type { Principal } from '#principal.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import type { McpProduct } from './product.ts'
import { missingScopes } from './list-tools.ts'
import type { UserApi } from './deps.ts'
import { openStepUp, sayStepUp, toolErrorWith, withLink } from './step-up-link.ts'

const ToolsCall = z.object({ method: z.literal('tools/call'), params: z.object({ name: z.string() }) })

/** The tool that a message calls; undefined for other messages and for tools that we do not have. */
export function calledTool(tools: readonly AnyTool[], message: unknown): AnyTool | undefined {
  const call = ToolsCall.safeParse(message)
  return call.success ? tools.find((tool) => tool.name === call.data.params.name) : undefined
}

/**
 * MCP 2026-07-28 Authorization, Scope Challenge Handling: 403 with every scope that the call needs, so that one
 * round trip through the user is enough. It must be an HTTP answer, hence before either SDK sees the message:
 * an SDK turns a denial into HTTP 200, and a client asks for more only on 403. For clients that do not heed it there
 * is a link as well (step-up-link.ts).
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
  const refused = { user, grant, network, audience: auth.audience }
  const denial = await openStepUp(tool, refused, userApi)
  if (denial === null) return challenge
  const words = sayStepUp(tool, missing, refused, denial)
  // Only a tool has an error that its model sees.
  const isCall = ToolsCall.safeParse(message).success
  return (
    (denial.isAskedAgain && isCall ? toolErrorWith(words, message, server) : null) ??
    withLink(challenge, tool, words)
  )
}
