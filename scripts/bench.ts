/**
 * `npm run bench`: measures latency and throughput against a bare Worker. Prints tables and writes bench-results.json.
 * `-- --questions [events]` measures questions of the audit log instead, `-- --policy` decisions, `-- --rules` a call under 100
 * rules, `-- --switch` how soon a switch stops a client; these write nothing.
 * This process only supervises: a separate process group measures, and it always ends with this process.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endGroup } from '#harness/local/process-group.ts'
import { postWarden } from '#harness/local/warden.ts'
import { untilAborted, whenAskedToEnd } from '#harness/local/when-asked-to-end.ts'

const MAIN = fileURLToPath(new URL('bench/main.ts', import.meta.url))
/** Seeding a long log (`--questions`) takes longer on a loaded machine. */
const DEADLINE_MS = process.argv.includes('--questions') ? 600_000 : 300_000

const child = spawn(process.execPath, [MAIN, ...process.argv.slice(2)], { detached: true, stdio: 'inherit' })
const { pid: group } = child
if (group === undefined) throw new Error(`${MAIN} could not be started`)
const warden = postWarden()
warden.watch(group)

const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
const cut = AbortSignal.any([whenAskedToEnd(), AbortSignal.timeout(DEADLINE_MS)])
const code = await Promise.race([ended, untilAborted(cut)])
await endGroup(group)
warden.forget(group)
warden.dismiss()
process.exitCode = code ?? 1
