import { SERVER_INFO_META_KEY } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { sha256Hex } from '../lib/sha256-hex.ts'
import type { StepUpKeeper, StepUpLink } from '../people/step-up-keeper.ts'
import type { AnyTool } from '../tools/define-tool.ts'
import { errorCode } from './json-rpc-error.ts'
import { report } from './report.ts'
import { serverInfo } from './server-info.ts'

/** Who called, and with what: for a link that leads to a page of the person's own. */
export interface Refused {
  person: string
  grant: string
  token: string
  /** The MCP endpoint, under this server's own origin. */
  audience: string
}

/** The person's open request for what the tool needs. An outage costs the link only: the challenge is for all clients. */
export async function openStepUp(
  tool: AnyTool,
  { grant, token }: Refused,
  keeper: () => Promise<Pick<StepUpKeeper, 'openStepUp'>>,
): Promise<StepUpLink | null> {
  try {
    const asked = { grant, scopes: [...tool.scopes], token: await sha256Hex(token) }
    return await (await keeper()).openStepUp(asked)
  } catch (error) {
    report('step-up.not-opened', error, { tool: tool.name })
    return null
  }
}

/** The link has the last line to itself: some programs count what follows an address as a part of it. */
export const sayStepUp = (
  tool: AnyTool,
  missing: readonly string[],
  { audience, person }: Refused,
  id: string,
) =>
  `${tool.name} needs ${missing.join(' and ')}, which this connection does not have. Nothing was changed. ` +
  'Show the person the link below and do not open it yourself: it works once, for 10 minutes, and asks them first. ' +
  `When they have agreed, call ${tool.name} again.\n${new URL(audience).origin}/step-up/${person}~${id}`

/** The challenge as it is, for clients; in its body the same as a JSON-RPC error, which some show to their model. */
export function withLink(challenge: Response, tool: AnyTool, words: string): Response {
  const data = { error: 'insufficient_scope', scope: tool.scopes.join(' ') }
  const error = { code: errorCode.refused, message: words, data }
  return Response.json({ jsonrpc: '2.0', id: null, error }, challenge)
}

const Asked = z.object({ id: z.union([z.string(), z.number()]) })

/**
 * For a client that answered the challenge with a refresh and came back with the same scopes, as SDK v1 does: it throws
 * away the body of a second 403, and says no more than that there was one. As a tool's error the link reaches the
 * person, and the client heeds the next challenge again (docs/decisions/0006-step-up-in-a-tool-error.md).
 */
export function toolErrorWith(words: string, message: unknown): Response | null {
  const asked = Asked.safeParse(message)
  if (!asked.success) return null
  const content = [{ type: 'text', text: words }]
  // Revision 2026-07-28 has `resultType`, and should have who answers, in every result; to those before it is nothing.
  const _meta = { [SERVER_INFO_META_KEY]: serverInfo }
  const result = { resultType: 'complete', content, isError: true, _meta }
  return Response.json(
    { jsonrpc: '2.0', id: asked.data.id, result },
    { headers: { 'cache-control': 'no-store' } },
  )
}
