import type { Subscription } from '#users/sessions/subscriptions.ts'

const NAMED = /^([0-9a-f]{64})\.[A-Za-z0-9_-]{43}$/

/** The session id in a request, with its MAC unchecked. */
export const namedSession = (request: Request): string | null =>
  NAMED.exec(request.headers.get('mcp-session-id') ?? '')?.[1] ?? null

/** The RPC interface of a session's object, for the user's object and the edge. */
interface SessionApi {
  endSession(): Promise<void>
  tellChanged(subscribed: Subscription): Promise<void>
  /** The internal ids of a grant's running requests with this client id (as JSON). */
  runningAs(id: string, grant: string): Promise<string[]>
}

/** The object of a session, by the library's name for it. */
export const sessionObject = (env: Env, session: string): SessionApi =>
  env.MCP_SESSION.getByName(`streamable-http:${session}`)
