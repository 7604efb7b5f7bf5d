import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { renderReport, withoutDate } from '../../scripts/conformance/report.ts'
import { type Run, runConformance } from '../../scripts/conformance/run-conformance.ts'
import { startSystem, type System } from '../../scripts/conformance/start-system.ts'
import { findSuite, readRequirements } from '../../scripts/conformance/suite.ts'
import { debuggersOf, descendantsOf } from '#harness/processes.ts'
import { connectMcp, MCP_CLIENTS } from '#harness/mcp-clients.ts'
import { newUser } from '#harness/users.ts'

const suite = findSuite()
const folder = mkdtempSync(join(tmpdir(), 'mcp-conformance-'))
let system: System
let runs: readonly Run[]

beforeAll(async () => {
  system = await startSystem(folder)
  runs = await runConformance(suite, system, join(folder, 'results'))
}, 120_000)
afterAll(async () => {
  await system[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})

test('nothing fails, and there is no warning: every required scenario of both revisions, and the login', () => {
  const failed = runs.flatMap(({ name, verdicts }) =>
    verdicts.flatMap(({ scenario, outcome, notes }) =>
      outcome === 'fails' ? [`${name} ${scenario}: ${notes.join('; ')}`] : [],
    ),
  )
  expect(failed).toEqual([])
  expect(readRequirements(suite, '2026-07-28').scored).toHaveLength(37)
  expect(readRequirements(suite, '2025-11-25').scored).toHaveLength(30)
})

test('docs/conformance.md says what was found, whatever the day (npm run conformance)', () => {
  const page = readFileSync('docs/conformance.md', 'utf8')
  expect(withoutDate(page)).toBe(withoutDate(renderReport(runs, suite, '2026-11-21')))
})

test('the workerd of the suite opens no debugger', async () => {
  const pids = descendantsOf(process.pid).map(({ pid }) => pid)
  expect(pids.length).toBeGreaterThan(0)
  expect(await debuggersOf(pids)).toEqual([])
})

// On the session transport the suite accepts an error as an answer, even "unknown tool".
test.for(MCP_CLIENTS)('the fixture behind the simplest ticks is really there for %s', async (kind) => {
  const signIn = { user: newUser() }
  await using connection = await connectMcp(kind, `${system.origin}/mcp`, { signIn })
  const answer = await connection.callTool('test_simple_text')
  expect(answer).toMatchObject({ content: [{ text: expect.stringContaining('simple text') }] })
  expect(answer.isError ?? false).toBe(false)
  const refused = await connection.callTool('test_error_handling')
  expect(refused).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('no todo with') }],
  })
})
