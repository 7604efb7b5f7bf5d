/** MCP by hand: the messages and headers of a client that no SDK corrects. */

export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
}

/** The revision of the stateless transport. */
export const REVISION = '2026-07-28'
export const REVISION_FIELD = 'io.modelcontextprotocol/protocolVersion'
export const META = {
  [REVISION_FIELD]: REVISION,
  'io.modelcontextprotocol/clientCapabilities': {},
}

export const NAMED_META = { ...META, 'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' } }

/** A request of JSON-RPC 2.0. */
export const rpcRequest = <Params extends object>(
  method: string,
  params: Params,
  id: string | number = 1,
) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
})

export const callMessage = (name: string, args: object = {}) =>
  rpcRequest('tools/call', { name, arguments: args })

/** The headers of a request to /mcp. */
export const mcpHeaders = (bearer: string | null, headers: Readonly<Record<string, string>> = {}) => ({
  ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
  ...headers,
})

/** The headers that MCP 2026-07-28 requires for a method, and for the name or URI that it refers to. */
export const statelessHeaders = (method: string, name?: string) => ({
  'mcp-protocol-version': REVISION,
  'mcp-method': method,
  ...(name === undefined ? {} : { 'mcp-name': name }),
})

/** POST /mcp. */
export const mcpRequest = (
  bearer: string | null,
  message: unknown,
  headers: Readonly<Record<string, string>> = {},
) => ({
  method: 'POST',
  headers: mcpHeaders(bearer, headers),
  body: JSON.stringify(message),
})

/** The messages of a JSON body or an event stream. */
export const messagesIn = (text: string): unknown[] =>
  text.startsWith('{')
    ? [JSON.parse(text)]
    : [...text.matchAll(/(?:^|\n)data: ([^\n]*)/g)].map(([, data = '']) => JSON.parse(data))
export const messageIn = (text: string): unknown => messagesIn(text)[0]
