const NAMED = /^([0-9a-f]{64})\.[A-Za-z0-9_-]{43}$/

/** The session that a request names, unchecked: its person's object knows whether there is one. */
export const namedSession = (request: Request): string | null =>
  NAMED.exec(request.headers.get('mcp-session-id') ?? '')?.[1] ?? null

/** The object of a session; the library names it so. */
export const sessionObject = (env: Env, session: string): { endSession(): Promise<void> } =>
  env.MCP_SESSION.getByName(`streamable-http:${session}`)
