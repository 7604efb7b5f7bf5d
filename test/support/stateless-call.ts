import type { OAuthClient, Reply } from './oauth-client.ts'

/** A tool call on the stateless transport in a single request (MCP 2026-07-28). */
export function callToolStateless(
  client: OAuthClient,
  accessToken: string,
  name: string,
  input: Readonly<Record<string, unknown>> = {},
): Promise<Reply> {
  const message = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: {
      name,
      arguments: input,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'bare-client', version: '1.0.0' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  }
  return client.mcp(message, {
    authorization: `Bearer ${accessToken}`,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': name,
  })
}
