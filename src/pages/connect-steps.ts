/** The text that a user types into each client to connect it, Claude first. */

export interface ConnectStep {
  id: string
  client: string
  /** A link that opens the client with the server filled in. */
  install: { label: string; href: string } | null
  snippets: readonly { where: string; code: string }[]
  note: string | null
}

/** `serverName`: the suggested name of this server in the client's configuration. */
export function connectSteps(mcpUrl: string, serverName: string): readonly ConnectStep[] {
  return [
    {
      id: 'claude-code',
      client: 'Claude Code',
      install: null,
      snippets: [{ where: 'In a terminal', code: `claude mcp add --transport http ${serverName} ${mcpUrl}` }],
      note: `Then type /mcp in Claude Code, choose ${serverName} and authenticate.`,
    },
    {
      id: 'vs-code',
      client: 'VS Code',
      install: { label: 'Add to VS Code', href: vsCodeLink(mcpUrl, serverName) },
      snippets: [
        {
          where: 'Or in .vscode/mcp.json',
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
      install: { label: 'Add to Cursor', href: cursorLink(mcpUrl, serverName) },
      snippets: [
        {
          where: 'Or in .cursor/mcp.json of a project, or in ~/.cursor/mcp.json',
          code: asJson({ mcpServers: { [serverName]: { url: mcpUrl } } }),
        },
      ],
      note: 'Then connect it in Cursor’s settings, under MCP.',
    },
    {
      id: 'inspector',
      client: 'MCP Inspector',
      install: null,
      snippets: [
        {
          where: 'In a terminal',
          code: `npx @modelcontextprotocol/inspector --server-url ${mcpUrl} --transport http`,
        },
      ],
      note: 'Open the address it prints and turn on the server’s switch.',
    },
  ]
}

const asJson = (value: unknown): string => JSON.stringify(value, null, 2)

/** code.visualstudio.com/api/extension-guides/ai/mcp: the configuration, with its name, as percent-encoded JSON. */
const vsCodeLink = (url: string, name: string): string =>
  `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name, type: 'http', url }))}`

/** cursor.com/docs/context/mcp/install-links: the configuration, without its name, as base64 of JSON. */
const cursorLink = (url: string, name: string): string =>
  `cursor://anysphere.cursor-deeplink/mcp/install?${new URLSearchParams({ name, config: btoa(JSON.stringify({ url })) }).toString()}`
