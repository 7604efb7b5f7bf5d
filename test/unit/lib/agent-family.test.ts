import { expect, test } from 'vitest'
import { agentFamily } from '#lib/agent-family.ts'

const familyOf = (agent?: string) =>
  agentFamily({ headers: new Headers(agent === undefined ? {} : { 'user-agent': agent }) })

test.each([
  ['claude-code/2.1.5 (cli)', 'claude'],
  ['Claude-User', 'claude'],
  ['python-httpx/0.28.1 openai-mcp/1.0.0', 'chatgpt'],
  ['Mozilla/5.0 AppleWebKit/537.36 (compatible; ChatGPT-User/1.0)', 'chatgpt'],
  ['codex_cli_rs/0.50.0 (Mac OS)', 'codex'],
  ['Cursor/1.7.2 (darwin arm64)', 'cursor'],
  ['Mozilla/5.0 Cursor/1.7.2 Chrome/138.0 Electron/37', 'cursor'],
  ['Visual Studio Code/1.106.0', 'vscode'],
  ['Mozilla/5.0 Code VSCode/1.106.0', 'vscode'],
  ['cline/3.2', 'cline'],
  ['GithubCopilot/1.0', 'copilot'],
  ['mcp-inspector/0.17', 'inspector'],
  ['gemini-cli/0.9.0 (linux)', 'gemini'],
  ['opencode/1.0.1', 'opencode'],
  ['mcp-remote/0.15.1 node', 'mcp-remote'],
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0', 'browser'],
  ['python-httpx/0.28.1', 'python'],
  ['Python/3.13 aiohttp/3.12', 'python'],
  ['okhttp/5.1.0', 'java'],
  ['Java-http-client/21.0.2', 'java'],
  ['Go-http-client/2.0', 'go'],
  ['node', 'node'],
  ['undici', 'node'],
  ['Bun/1.3', 'node'],
  ['django-mongo', 'other'],
  ['', 'other'],
  [undefined, 'other'],
  [`${'x'.repeat(300)} claude`, 'other'],
] as const)('%j is of the family %s', (agent, family) => {
  expect(familyOf(agent)).toBe(family)
})
