import { insufficientScope, type OAuthResourceContext } from '@cloudflare/workers-oauth-provider'
import { z } from 'zod'
import type { AnyTool } from '../tools/define-tool.ts'
import { missingScopes } from './list-tools.ts'

const ToolsCall = z.object({ method: z.literal('tools/call'), params: z.object({ name: z.string() }) })

/** The tool that a message calls; undefined for other messages and for tools that we do not have. */
export function calledTool(tools: readonly AnyTool[], message: unknown): AnyTool | undefined {
  const call = ToolsCall.safeParse(message)
  return call.success ? tools.find((tool) => tool.name === call.data.params.name) : undefined
}

/**
 * MCP 2026-07-28 Authorization, Scope Challenge Handling: 403 with every scope that the call needs, so that one
 * round trip through the person is enough. It must be an HTTP answer, hence before either SDK sees the message:
 * an SDK turns a refusal into HTTP 200, and a client asks for more only on 403.
 */
export function challengeScopes(tool: AnyTool, auth: OAuthResourceContext<unknown>['auth']): Response | null {
  if (missingScopes(tool, auth.scope).length === 0) return null
  return insufficientScope(auth, [...tool.scopes], `${tool.name} needs ${tool.scopes.join(' and ')}`)
}
