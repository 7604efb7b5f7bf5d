/**
 * `npm run limits`: how many bytes a user, a grant and a session take on disk, by the size of what a local workerd
 * stores for each. Prints the tables of docs/limits.md. Less than a minute; ends by itself.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hangUp } from './bench/exchange.ts'
import { startServers, STATE_FOLDER } from './bench/servers.ts'
import { measureLimits } from './limits/measure-limits.ts'
import { renderBounds } from './limits/render-bounds.ts'
import { renderLimits } from './limits/render-limits.ts'
import { whenAskedToEnd } from './local/when-asked-to-end.ts'

const DEADLINE_MS = 170_000

const folder = mkdtempSync(join(tmpdir(), 'mcp-limits-'))
// At the very end: miniflare ends this process itself when a signal comes.
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
const signal = AbortSignal.any([whenAskedToEnd(), AbortSignal.timeout(DEADLINE_MS)])
await using everything = new AsyncDisposableStack()
const servers = everything.use(await startServers(folder))
everything.defer(hangUp)
const amounts = { users: 10, grants: [1, 2, 5, 10, 20], refreshes: 24, calls: 100, sessions: 10 }
console.log(renderBounds())
console.log(renderLimits(await measureLimits(servers, join(folder, STATE_FOLDER), amounts, signal)))
