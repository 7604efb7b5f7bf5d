/** The text that a user types into each client to connect it. */

export interface ConnectStep {
  id: string
  client: string
  snippets: readonly { where: string; code: string }[]
  note: string | null
}

/** `serverName`: the suggested name of this server in the client's configuration. */
export function connectSteps(mcpUrl: string, serverName: string): readonly ConnectStep[] {
  return [
    {
      id: 'inspector',
      client: 'MCP Inspector',
      snippets: [
        {
          where: 'In a terminal',
          code: `npx @modelcontextprotocol/inspector --server-url ${mcpUrl} --transport http`,
        },
      ],
      note: 'Open the address it prints and turn on the server’s switch.',
    },
    {
      id: 'claude-code',
      client: 'Claude Code',
      snippets: [{ where: 'In a terminal', code: `claude mcp add --transport http ${serverName} ${mcpUrl}` }],
      note: `Then type /mcp in Claude Code, choose ${serverName} and authenticate.`,
    },
    {
      id: 'vs-code',
      client: 'VS Code',
      snippets: [
        {
          where: 'In .vscode/mcp.json',
          code: asJson({ servers: { [serverName]: { type: 'http', url: mcpUrl } } }),
        },
        {
          where: 'Or in a terminal (macOS, Linux)',
          code: `code --add-mcp '${JSON.stringify({ name: serverName, type: 'http', url: mcpUrl })}'`,
        },
      ],
      note: null,
    },
    {
      id: 'cursor',
      client: 'Cursor',
      snippets: [
        {
          where: 'In .cursor/mcp.json of a project, or in ~/.cursor/mcp.json',
          code: asJson({ mcpServers: { [serverName]: { url: mcpUrl } } }),
        },
      ],
      note: 'Then connect it in Cursor’s settings, under MCP.',
    },
  ]
}

const asJson = (value: unknown): string => JSON.stringify(value, null, 2)
