/**
 * `npm run conformance`: runs the official suite against the whole system, on free ports and with its own login. Prints
 * the table, writes docs/conformance.md, exits 1 on any failure. `-- --keep` keeps what the suite stored.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hasFailed, renderReport } from './conformance/report.ts'
import { runConformance } from './conformance/run-conformance.ts'
import { startSystem } from './conformance/start-system.ts'
import { findSuite } from './conformance/suite.ts'
import { ROOT } from '#harness/local/workers.ts'

const { values: options } = parseArgs({ options: { keep: { type: 'boolean', default: false } } })

const folder = mkdtempSync(join(tmpdir(), 'mcp-conformance-'))
// Removed on exit, because miniflare ends this process itself on a signal.
process.once('exit', () => {
  if (!options.keep) rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})

const suite = findSuite()
await using system = await startSystem(folder)
const runs = await runConformance(suite, system, join(folder, 'results'))
const page = renderReport(runs, suite, new Date().toISOString().slice(0, 10))
writeFileSync(join(ROOT, 'docs/conformance.md'), page)
console.log(page)
if (options.keep) console.log(`What the suite stored: ${join(folder, 'results')}`)
if (hasFailed(runs)) process.exitCode = 1
