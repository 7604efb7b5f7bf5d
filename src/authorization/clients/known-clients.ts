/**
 * A client that `CLIENT_ADMISSION=known` admits. It gets no other privilege: the consent page is the same for every
 * client (decision 8). The comments name the source of each fact; none comes from a live client on this server.
 */
interface KnownClient {
  /** Its name on our consent page. */
  label: string
  /** Its `client_id`s, if it publishes metadata documents (draft-ietf-oauth-client-id-metadata-document-00). */
  documents: readonly (string | RegExp)[]
  /** Its redirect URIs on the web, for registrations (RFC 7591). */
  redirects: readonly (string | RegExp)[]
  /** It registers, and listens on any port of the user's machine (RFC 8252 §7.3). */
  isLoopback: boolean
}

// The first match gives the label, so an exact address comes before a pattern that contains it.
export const knownClients: readonly KnownClient[] = [
  {
    label: 'Claude',
    // Documents as fetched by others in September 2026; claude.com/docs/connectors/building/authentication.
    documents: ['https://claude.ai/oauth/mcp-oauth-client-metadata'],
    // Anthropic asks servers to allow the second address; nobody has reported its use.
    redirects: ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
    isLoopback: false,
  },
  {
    label: 'Claude Code',
    // As fetched on 2026-09-08: redirects http://localhost/callback and http://127.0.0.1/callback, any port.
    documents: ['https://claude.ai/oauth/claude-code-client-metadata'],
    redirects: [],
    isLoopback: true,
  },
  {
    label: 'Codex',
    // As fetched on 2026-09-24, redirects to loopback.
    documents: ['https://chatgpt.com/oauth/codex/client.json'],
    redirects: [],
    isLoopback: true,
  },
  {
    label: 'Copilot CLI',
    // Exactly this path: github.com serves texts of anyone. From public catalogues of clients in 2026; redirects to
    // loopback.
    documents: ['https://github.com/copilot/cli/client-metadata.json'],
    redirects: [],
    isLoopback: true,
  },
  {
    label: 'ChatGPT',
    // The first as fetched on 2026-09-08, for servers that send `iss` (RFC 9207) as this one does. The second is one per
    // connection: workers-oauth-provider's conformance tests have .../IbUR3zxyNQ16/client.json (2026-08-07). OpenAI
    // documents no grammar; twelve letters and digits were seen.
    documents: [
      'https://chatgpt.com/oauth/client.json',
      /^https:\/\/chatgpt\.com\/oauth\/[A-Za-z0-9_-]{8,64}\/client\.json$/,
    ],
    // developers.openai.com/plugins/build/auth.
    redirects: [
      'https://chatgpt.com/connector_platform_oauth_redirect',
      /^https:\/\/chatgpt\.com\/connector\/oauth\/[A-Za-z0-9_-]{8,64}$/,
    ],
    isLoopback: false,
  },
  {
    label: 'VS Code',
    // As fetched on 2026-09-08. Registrations: microsoft/vscode; the loopback port changes (microsoft/vscode#278512).
    documents: ['https://vscode.dev/oauth/client-metadata.json'],
    redirects: ['https://vscode.dev/redirect', 'https://insiders.vscode.dev/redirect'],
    isLoopback: true,
  },
  {
    label: 'Cursor',
    // No document. It registers this URI, http://localhost:8787/callback and cursor://… in one request
    // (cursor.com/docs/context/mcp; measured by workers-oauth-provider, "Authorization server reference").
    documents: [],
    redirects: ['https://www.cursor.com/agents/mcp/oauth/callback'],
    isLoopback: true,
  },
  // Measured with 2.12 and 0.15.1: both register with one loopback redirect URI.
  { label: 'MCP Inspector', documents: [], redirects: [], isLoopback: true },
  { label: 'mcp-remote', documents: [], redirects: [], isLoopback: true },
]
