import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Cells } from '../support/client-table/features.ts'
import { inspectorCells } from '../support/client-table/inspector-cells.ts'
import { remoteCells } from '../support/client-table/remote-cells.ts'
import { renderTable } from '../support/client-table/render.ts'
import { sdkCells } from '../support/client-table/sdk-cells.ts'
import { storyContext } from '#harness/story.ts'

const { mcpUrl } = storyContext()

const versionOf = (name: string): string => {
  const manifest: unknown = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'))
  return z.object({ version: z.string() }).parse(manifest).version
}
const v1 = `SDK v1 (${versionOf('@modelcontextprotocol/sdk')})`
const v2 = `SDK v2 (${versionOf('@modelcontextprotocol/client')})`
const remote = `mcp-remote (${versionOf('mcp-remote')})`
const inspector = `Inspector --cli (${versionOf('@modelcontextprotocol/inspector')})`

const CLIENTS: readonly (readonly [name: string, look: () => Promise<Cells>])[] = [
  [v1, () => sdkCells('sdk-v1', mcpUrl)],
  [`${v2}, 2025-11-25`, () => sdkCells('sdk-v2-2025', mcpUrl)],
  [`${v2}, 2026-07-28`, () => sdkCells('sdk-v2-2026', mcpUrl)],
  [remote, () => remoteCells('legacy', mcpUrl)],
  [`${remote} --protocol auto`, () => remoteCells('auto', mcpUrl)],
  [inspector, () => inspectorCells('legacy', mcpUrl)],
  [`${inspector} --protocol-era modern`, () => inspectorCells('modern', mcpUrl)],
]
const seen = new Map<string, Cells>()

test.for(CLIENTS)(
  'what %s does with tools, resources, prompts, questions and logins',
  { timeout: 120_000 },
  async ([name, look]) => {
    seen.set(name, await look())
    expect(seen.get(name)?.tools).toBe('yes')
  },
)

test('docs/clients/features.md is the table of what was seen', async () => {
  expect([...seen.keys()]).toEqual(CLIENTS.map(([name]) => name))
  await expect(renderTable([...seen])).toMatchFileSnapshot('../../docs/clients/features.md')
})
