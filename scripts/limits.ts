/**
 * `npm run limits`: measures the bytes that a user, a grant and a session take on disk in a local workerd, and the units
 * that Cloudflare bills for a call and a login. Prints the tables of docs/limits.md and docs/operate/cost.md. Takes six
 * minutes.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closeConnections } from './bench/requests.ts'
import { startServers, STATE_FOLDER } from './bench/servers.ts'
import { measureCosts } from './limits/measure-costs.ts'
import { measureLimits } from './limits/measure-limits.ts'
import { renderBounds } from './limits/render-bounds.ts'
import { renderCosts } from './limits/render-costs.ts'
import { renderLimits } from './limits/render-limits.ts'
import { whenAskedToEnd } from '#harness/local/when-asked-to-end.ts'

const DEADLINE_MS = 420_000

const folder = mkdtempSync(join(tmpdir(), 'mcp-limits-'))
// Removed on exit, because miniflare ends this process itself on a signal.
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
const signal = AbortSignal.any([whenAskedToEnd(), AbortSignal.timeout(DEADLINE_MS)])
await using everything = new AsyncDisposableStack()
const servers = everything.use(await startServers(folder, { entry: 'bench/counted/index.ts' }))
everything.defer(closeConnections)
const amounts = { users: 10, grants: [1, 2, 5, 10, 20], refreshes: 24, calls: 100, sessions: 10 }
console.log(renderBounds())
console.log(renderLimits(await measureLimits(servers, join(folder, STATE_FOLDER), amounts, signal)))
console.log(renderCosts(await measureCosts(servers, signal)))
