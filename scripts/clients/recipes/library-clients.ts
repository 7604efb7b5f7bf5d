/** Libraries: the programs are the code blocks of docs/clients/libraries.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '#harness/local/workers.ts'
import type { ClientRecipe } from '../client.ts'
import type { ClientRun } from '../run-client.ts'

const BLOCK = /^```js\n\/\/ ([\w-]+\.mjs)\n([\s\S]*?)^```$/gm

/** The programs of a page, by the file name in their first line. */
export const programsIn = (page: string): ReadonlyMap<string, string> =>
  new Map([...page.matchAll(BLOCK)].map(([, name = '', code = '']) => [name, code]))

const libraryClient = (
  name: string,
  title: string,
  port: number,
  packages: ClientRecipe['packages'],
): ClientRecipe => ({
  name,
  title,
  packages: [...packages, '@modelcontextprotocol/sdk', 'zod'],
  drivenBy: 'an application',
  page: 'libraries.md',
  open: async ({ scratch, run, mcpUrl }) => {
    for (const [file, code] of programsIn(readFileSync(join(ROOT, 'docs/clients/libraries.md'), 'utf8')))
      writeFileSync(join(scratch.project, file), code)
    const options: ClientRun = {
      environment: { MCP_URL: mcpUrl, PORT: String(port) },
      isPrinted: true,
      isOfNode: true,
    }
    return {
      login: () => run('sign-in.mjs', [], options),
      loginForMore: () => run('sign-in.mjs', ['todo:read todo:write'], options),
      list: () => run(`${name}.mjs`, [], options),
      call: (tool, input) => run(`${name}.mjs`, [tool, JSON.stringify(input)], options),
    }
  },
})

export const libraries: readonly ClientRecipe[] = [
  libraryClient('ai-sdk', 'AI SDK', 8971, ['@ai-sdk/mcp']),
  libraryClient('langchain', 'LangChain', 8972, ['@langchain/mcp-adapters', '@langchain/core']),
  libraryClient('openai-agents', 'OpenAI Agents', 8973, ['@openai/agents']),
  libraryClient('mastra', 'Mastra', 8974, ['@mastra/mcp', '@mastra/core']),
]
