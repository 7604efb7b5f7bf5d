import type { Subscription } from '#users/sessions/subscriptions.ts'

const NAMED = /^([0-9a-f]{64})\.[A-Za-z0-9_-]{43}$/

/** The session that a request names, unchecked: its user's object knows whether there is one. */
export const namedSession = (request: Request): string | null =>
  NAMED.exec(request.headers.get('mcp-session-id') ?? '')?.[1] ?? null

/** The RPC methods of a session's object, for its User and the edge. */
export interface SessionObject {
  endSession(): Promise<void>
  tellChanged(subscribed: Subscription): Promise<void>
  /** The running calls of a grant with this id of the client (as JSON), by their internal ids. */
  runningAs(id: string, grant: string): Promise<string[]>
}

/** The object of a session; the library names it so. */
export const sessionObject = (env: Env, session: string): SessionObject =>
  env.MCP_SESSION.getByName(`streamable-http:${session}`)
