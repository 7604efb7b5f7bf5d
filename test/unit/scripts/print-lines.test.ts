import { expect, test } from 'vitest'
import { createProblemFilter } from '#harness/local/print-lines.ts'

test('problems are shown with the lines that belong to them, the rest is not', () => {
  const lines = [
    '⎔ Starting local server...',
    '[wrangler:info] GET /mcp 200 OK (5ms)',
    '✘ [ERROR] Build failed with 1 error:',
    '    src/index.ts:1:2',
    '{"level":"info","event":"login.completed"}',
    '▲ [WARNING] {"level":"warn","event":"login.refused"}',
    '[wrangler:error] Error: boom',
    '    at fetch (index.ts:1)',
    'hello',
  ]
  expect(lines.filter(createProblemFilter())).toEqual([lines[2], lines[3], lines[5], lines[6], lines[7]])
})
