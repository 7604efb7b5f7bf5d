/**
 * The clients that `CLIENT_ADMISSION=known` admits. A label and nothing more: every one of them meets the consent page
 * like any other (decision 8). What follows each fact is where it is from; none was taken from a live client here.
 */
export interface KnownClient {
  /** What our consent page calls it. */
  label: string
  /** Its `client_id` where it publishes a document about itself (draft-ietf-oauth-client-id-metadata-document-00). */
  documents: readonly (string | RegExp)[]
  /** Where it takes answers on the web: what a registration of its kind may use (RFC 7591). */
  redirects: readonly (string | RegExp)[]
  /** It registers itself and listens on this user's machine, on a port of its choice (RFC 8252 §7.3). */
  isLoopback: boolean
}

// The first that fits gives the label, so an exact address comes before a grammar that contains it.
export const knownClients: readonly KnownClient[] = [
  {
    label: 'Claude',
    // Documents as others fetched them in September 2026; claude.com/docs/connectors/building/authentication.
    documents: ['https://claude.ai/oauth/mcp-oauth-client-metadata'],
    // The second address: Anthropic asks to allow it, nobody has reported it in use.
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
    // Exactly this path: github.com serves what anybody writes. In others' catalogues of clients in 2026; its answers
    // come to loopback.
    documents: ['https://github.com/copilot/cli/client-metadata.json'],
    redirects: [],
    isLoopback: true,
  },
  {
    label: 'ChatGPT',
    // The first as fetched on 2026-09-08, for servers that send `iss` (RFC 9207) as this one does. The second is one per
    // connection: .../IbUR3zxyNQ16/client.json is frozen in workers-oauth-provider's conformance tests (2026-08-07).
    // Twelve letters and digits is what was seen; OpenAI documents no grammar.
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
    // It publishes no document. It registers this one, http://localhost:8787/callback and cursor://… in one request
    // (cursor.com/docs/context/mcp; measured by workers-oauth-provider, "Authorization server reference").
    documents: [],
    redirects: ['https://www.cursor.com/agents/mcp/oauth/callback'],
    isLoopback: true,
  },
  // Measured with 2.12 and 0.15.1: both register with one loopback redirect URI.
  { label: 'MCP Inspector', documents: [], redirects: [], isLoopback: true },
  { label: 'mcp-remote', documents: [], redirects: [], isLoopback: true },
]
