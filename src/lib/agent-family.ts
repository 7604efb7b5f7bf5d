/**
 * The families of user agents that we tell apart. The first that fits counts: clients that are built on others come
 * before them, and a browser's header has the words of several.
 */
const FAMILIES = [
  ['claude', /claude/i],
  ['chatgpt', /chatgpt|openai-mcp|oai-/i],
  ['codex', /codex/i],
  ['cursor', /cursor/i],
  ['cline', /cline/i],
  ['copilot', /copilot/i],
  ['vscode', /visual studio code|vscode/i],
  ['inspector', /inspector/i],
  ['gemini', /gemini/i],
  ['opencode', /opencode/i],
  ['mcp-remote', /mcp-remote/i],
  ['browser', /^mozilla\//i],
  ['python', /python|httpx|aiohttp/i],
  ['java', /\bjava\b|okhttp|apache-httpclient|jetty/i],
  ['go', /^go[-/ ]|go-http-client/i],
  ['node', /node|undici|\bbun\b|\bdeno\b/i],
] as const

export type AgentFamily = (typeof FAMILIES)[number][0] | 'other'

/** Headers are as long as their senders like; a name is at the beginning. */
const MOST_CHARACTERS = 300

/** The family of a request's user agent: one word of a fixed list, never the header itself. Clients can send any header. */
export function agentFamily({ headers }: { headers: Headers }): AgentFamily {
  const given = (headers.get('user-agent') ?? '').slice(0, MOST_CHARACTERS)
  return FAMILIES.find(([, pattern]) => pattern.test(given))?.[0] ?? 'other'
}
