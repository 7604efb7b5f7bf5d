import { SERVER_INFO_META_KEY } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { StepUpApi, StepUpDenial } from '#users/requests/step-ups.ts'
import type { AnyTool } from '#catalog/define-tool.ts'
import { errorCode } from './json-rpc-error.ts'
import { report } from './report.ts'
import type { McpProduct } from './product.ts'

/** Who called, and with what: for a link that leads to a page of the user's own. */
export interface Refused {
  user: string
  grant: string
  /** Where the call came from. */
  network: string
  /** The MCP endpoint, under this server's own origin. */
  audience: string
}

/** Asks the User for a link. An outage costs the link only: the challenge works for all clients. */
export async function openStepUp(
  tool: AnyTool,
  { grant, network }: Refused,
  userApi: () => Promise<Pick<StepUpApi, 'openStepUp'>>,
): Promise<StepUpDenial | null> {
  try {
    const asked = { grant, scopes: [...tool.scopes], tool: tool.name, network }
    return await (await userApi()).openStepUp(asked)
  } catch (error) {
    report('step-up.not-opened', error, { tool: tool.name })
    return null
  }
}

/** The link has the last line to itself: some programs count what follows an address as a part of it. */
export function sayStepUp(
  tool: AnyTool,
  missing: readonly string[],
  { audience, user }: Refused,
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

/** The challenge as it is, for clients; in its body the same as a JSON-RPC error, which some show to their model. */
export function withLink(challenge: Response, tool: AnyTool, words: string): Response {
  const data = { error: 'insufficient_scope', scope: tool.scopes.join(' ') }
  const error = { code: errorCode.refused, message: words, data }
  return Response.json({ jsonrpc: '2.0', id: null, error }, challenge)
}

const Asked = z.object({ id: z.union([z.string(), z.number()]) })

/**
 * For a client that was refused this tool before, and comes again without a sign-in: many throw the body of a 403 away
 * and say no more than that there was one. As a tool's error the link reaches the user
 * (docs/decisions/0006-step-up-in-a-tool-error.md).
 */
export function toolErrorWith(
  words: string,
  message: unknown,
  server: McpProduct['server'],
): Response | null {
  const asked = Asked.safeParse(message)
  if (!asked.success) return null
  const content = [{ type: 'text', text: words }]
  // Revision 2026-07-28 has `resultType`, and should have who answers, in every result; to those before it is nothing.
  const _meta = { [SERVER_INFO_META_KEY]: server }
  const result = { resultType: 'complete', content, isError: true, _meta }
  return Response.json(
    { jsonrpc: '2.0', id: asked.data.id, result },
    { headers: { 'cache-control': 'no-store' } },
  )
}
