import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLogFiles } from '#harness/local/log-files.ts'
import { describeStateFolder, openStateFolder } from '#harness/local/state-folder.ts'

const INFO = '{"level":"info","event":"login.completed","grant":"g1"}'
const WARN = '{"level":"warn","event":"login.refused","detail":"a \\"quoted\\" word"}'
const LINES = [
  '⎔ Starting local server...',
  '[wrangler:info] POST /mcp 200 OK (5ms)',
  INFO,
  `▲ [WARNING] ${WARN}`,
  `said by a library: ${INFO}`,
  '{"level":"info"}',
]

test('the events of the MCP server have a file of their own, which is JSON throughout', async () => {
  const folder = describeStateFolder(mkdtempSync(join(tmpdir(), 'state-')))
  try {
    openStateFolder(folder, false, 'todos')
    for (const name of ['mcp', 'api'] as const) {
      const files = openLogFiles(folder, name)
      for (const line of LINES) files.write(line)
      await files.end()
      expect(readFileSync(folder.logOf(name), 'utf8')).toBe(LINES.map((line) => `${line}\n`).join(''))
    }
    expect(readFileSync(folder.events, 'utf8')).toBe(`${INFO}\n${WARN}\n`)
    expect(statSync(folder.events).mode & 0o777).toBe(0o600)
  } finally {
    rmSync(folder.path, { recursive: true })
  }
})
