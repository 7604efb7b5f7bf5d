import { z } from 'zod'
import { Id } from './envelope.ts'

const Asked = z.object({ method: z.string(), id: Id })
const Unnamed = z.looseObject({ jsonrpc: z.literal('2.0'), id: z.null(), error: z.unknown() })

/**
 * MCP 2026-07-28 Base Protocol, Error Responses (the older revisions say the same): an error has the id of its request
 * where that could be read. What answers before a transport, and the library of the stateful one, leave it out.
 */
export async function echoId(response: Response, message: unknown): Promise<Response> {
  const asked = Asked.safeParse(message)
  if (response.status < 400 || response.body === null || !asked.success) return response
  const text = await response.text()
  const unnamed = Unnamed.safeParse(parsed(text))
  if (!unnamed.success) return new Response(text, response)
  const headers = new Headers(response.headers)
  // The library sends some of its errors as plain text.
  headers.set('content-type', 'application/json')
  headers.delete('content-length')
  return Response.json({ ...unnamed.data, id: asked.data.id }, { status: response.status, headers })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // An answer of OAuth may be empty: there is nothing to name in it.
    return undefined
  }
}
