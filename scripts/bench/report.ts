import { type Aim, isLoaded } from './aims.ts'
import { CASE_NAMES, CASES } from './cases.ts'
import { CONNECTIONS } from './exchange.ts'
import type { Figures } from './figures.ts'
import { usersTables } from './report-users.ts'
import { spread } from './statistics.ts'
import { table } from './table.ts'

/** The results as Markdown tables, for a terminal and docs/performance.md. */
export function renderReport(figures: Figures, aims: readonly Aim[]): string {
  const { where, state, cores, latency, throughput, bundle, startupMs, pingone } = figures
  const percent = Math.round(spread(latency.api.rounds) * 100)
  return [
    `${where}, ${cores} cores, state in ${state === 'memory' ? 'memory' : 'files on disk'}; ${latency.api.rounds.length} rounds;\n` +
      `the base case (Todo API directly) moved by ${percent} % between rounds${isLoaded(figures) ? ': loaded machine' : ''}`,
    table(
      ['one after the other', 'p50 ms', '× bare', 'p99 ms (never judged)'],
      CASE_NAMES.map((name) => [
        CASES[name],
        latency[name].p50.toFixed(2),
        ratioOf(figures, name),
        latency[name].p99.toFixed(1),
      ]),
    ),
    table(
      [`${CONNECTIONS} at once`, 'requests/s'],
      CASE_NAMES.flatMap((name) => {
        const rate = throughput[name]
        return rate === undefined ? [] : [[CASES[name], rate.toFixed(0)]]
      }),
    ),
    ...usersTables(figures),
    table(
      ['requests to PingOne', ''],
      [
        ['first login of an isolate', JSON.stringify(pingone.firstLogin)],
        ['a login after it', JSON.stringify(pingone.nextLogin)],
        [`${pingone.callsMade} tool calls`, JSON.stringify(pingone.calls)],
      ],
    ),
    table(
      ['bundle', 'minified KiB', 'gzip KiB'],
      [
        ['this server', kib(bundle.mcp.bytes), kib(bundle.mcp.gzipBytes)],
        ['bare Worker', kib(bundle.bare.bytes), kib(bundle.bare.gzipBytes)],
      ],
    ),
    `start-up: ${startupMs.toFixed(1)} ms of CPU (wrangler check startup)`,
    table(
      ['aim', 'measured', 'verdict'],
      aims.map(({ aim, measured, verdict }) => [aim, measured, verdict]),
    ),
  ].join('\n\n')
}

const kib = (bytes: number) => (bytes / 1024).toFixed(1)

function ratioOf({ ratios }: Figures, name: string): string {
  const known = Object.entries(ratios).find(([candidate]) => candidate === name)
  return known === undefined ? '' : known[1].toFixed(2)
}
