import { type Aim, isLoaded } from './aims.ts'
import { CASE_NAMES, CASES } from './cases.ts'
import { CONNECTIONS } from './requests.ts'
import type { Figures } from './run.ts'
import { spread, median } from './statistics.ts'
import { table } from './table.ts'
import type { GrantEnds } from './ends.ts'
import type { Rates } from './users.ts'

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

/** Tables for many users, one busy user and an ended grant. */
const usersTables = (figures: Figures): readonly string[] => [
  manyTable(figures),
  rateTable(figures),
  stormTable(figures),
  endTable(figures),
]

function manyTable({ manyUsers }: Figures): string {
  const { users, few, fewRounds, manyRounds, ratio, wokenMs, wokenRatio } = manyUsers
  return table(
    ['listTodos, stateless, one after the other', 'p50 ms', 'ratio'],
    [
      [`${few} users, in turn`, median(fewRounds).toFixed(2), '1'],
      [`${users} users, in turn`, median(manyRounds).toFixed(2), ratio.toFixed(2)],
      ['the first call after idle seconds (not in memory)', wokenMs.toFixed(2), wokenRatio.toFixed(2)],
    ],
  )
}

function rateTable({ oneUser: { callers, stateless, session } }: Figures): string {
  const row = (transport: string, { one, each }: Rates) => [
    transport,
    one.toFixed(0),
    each.toFixed(0),
    (one / each).toFixed(2),
  ]
  return table(
    [`${callers} callers at once, calls/s`, 'all of one user', 'each a user', 'ratio'],
    [row('stateless', stateless), row('session, a session each', session)],
  )
}

function stormTable({ oneUser: { storm } }: Figures): string {
  const { callers, aloneRounds, oneRounds, eachRounds, bareRounds, rates, ratioToAlone } = storm
  return table(
    ["another user's listTodos", 'p50 ms', 'calls/s of the storm', 'ratio'],
    [
      ['nobody else calls', median(aloneRounds).toFixed(2), '', '1'],
      [
        `${callers} callers of one user`,
        median(oneRounds).toFixed(2),
        rates.one.toFixed(0),
        ratioToAlone.toFixed(2),
      ],
      [
        `control: ${callers} users, a caller each`,
        median(eachRounds).toFixed(2),
        rates.each.toFixed(0),
        (median(eachRounds) / median(aloneRounds)).toFixed(2),
      ],
      [
        `control: ${callers} callers of the bare Worker`,
        median(bareRounds).toFixed(2),
        rates.bare.toFixed(0),
        (median(bareRounds) / median(aloneRounds)).toFixed(2),
      ],
    ],
  )
}

function endTable({ ends: { revoked, pingone } }: Figures): string {
  const rows = (name: string, end: GrantEnds) =>
    (['stateless', 'session'] as const).map((transport) => {
      const { firstDenialMs, worstMs, callMs, ratio } = end[transport]
      const after = `${end.succeededAfter} of ${end.callsAfter}`
      return [
        `${name}, ${transport}`,
        firstDenialMs.toFixed(2),
        worstMs.toFixed(1),
        callMs.toFixed(2),
        ratio.toFixed(2),
        after,
      ]
    })
  return table(
    ['from the end to the first 401', 'p50 ms', 'worst ms', 'a plain call ms', 'ratio', 'succeeded after it'],
    [
      ...rows(`revoked by the client (answered in ${revoked.answerMs.toFixed(2)} ms)`, revoked),
      ...rows('ended at PingOne, found by a call', pingone),
    ],
  )
}
