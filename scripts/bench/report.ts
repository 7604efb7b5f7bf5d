import { type Aim, isLoaded } from './aims.ts'
import { type CaseName, CASES } from './cases.ts'
import type { Ends, GrantEnds } from './ends.ts'
import { kvReadMs, ratiosOf } from './measure.ts'
import { CONNECTIONS } from './requests.ts'
import type { Figures } from './run.ts'
import { median, spread } from './statistics.ts'
import { table } from '#harness/table.ts'
import type { ManyUsers, OneUser, Rates } from './users.ts'

/** The results as Markdown tables, for a terminal and docs/performance.md. Without what was not measured. */
export function renderReport(figures: Figures, aims: readonly Aim[]): string {
  const { startupMs, manyUsers, oneUser, ends } = figures
  return [
    headline(figures),
    caseTable(figures),
    kvLine(figures),
    ratioTable(figures),
    manyUsers === undefined ? '' : manyTable(manyUsers),
    oneUser === undefined ? '' : rateTable(oneUser),
    oneUser === undefined ? '' : stormTable(oneUser),
    ends === undefined ? '' : endTable(ends),
    pingoneTable(figures),
    bundleTable(figures),
    startupMs === undefined ? '' : `start-up: ${startupMs.toFixed(1)} ms of CPU (wrangler check startup)`,
    table(
      ['aim', 'measured', 'verdict'],
      aims.map(({ aim, measured, verdict }) => [aim, measured, verdict]),
    ),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function headline(figures: Figures): string {
  const { where, state, cores, latency, throughput } = figures
  const base = latency.api?.rounds ?? []
  const rounds = `${base.length} rounds of latency, ${throughput.api?.rounds.length ?? 0} of throughput`
  const percent = Math.round(spread(base) * 100)
  return [
    `${where}, ${cores} cores, state in ${state === 'memory' ? 'memory' : 'files on disk'}; ${rounds}`,
    base.length === 0
      ? 'no round was completed'
      : `the base case (Todo API directly) moved by ${percent} % between rounds${isLoaded(figures) ? ': loaded machine' : ''}`,
  ].join('\n')
}

const titleOf = ({ peer }: Figures, name: CaseName) =>
  name === 'peer' ? (peer ?? name) : (CASES.find((one) => one.name === name)?.title ?? name)

function caseTable(figures: Figures): string {
  const rows = CASES.flatMap(({ name, kvReads }) => {
    const latency = figures.latency[name]
    if (latency === undefined) return []
    const { p50, p99 } = latency
    const rate = figures.throughput[name]?.rate.toFixed(0) ?? ''
    return [[titleOf(figures, name), p50.toFixed(2), rate, String(kvReads ?? '?'), p99.toFixed(1)]]
  })
  const head = ['case', 'p50 ms', `requests/s, ${CONNECTIONS} at once`, 'KV reads', 'p99 ms (never judged)']
  return rows.length === 0 ? '' : table(head, rows)
}

function kvLine({ latency }: Figures): string {
  const ms = kvReadMs(latency)
  if (ms === undefined) return ''
  const readers = CASES.filter(({ name, kvReads }) => kvReads === 1 && name !== 'kv').map(
    ({ title }) => title,
  )
  return (
    `One read of the local KV simulator takes ${ms.toFixed(2)} ms (floor Worker: one KV read, minus its answer at once).\n` +
    `Reading KV once per request: ${readers.join('; ')}. The others read none; of a peer it is unknown.`
  )
}

function ratioTable(figures: Figures): string {
  const rows = ratiosOf(figures.latency, figures.throughput).map(({ name, base, p50, rate }) => [
    `${titleOf(figures, name)} / ${titleOf(figures, base)}`,
    p50.toFixed(2),
    rate?.toFixed(2) ?? '',
  ])
  return rows.length === 0 ? '' : table(['ratio', 'p50', 'requests/s'], rows)
}

function pingoneTable({ logins, calls }: Figures): string {
  const rows: string[][] = []
  if (logins !== undefined) {
    rows.push(['first login of an isolate', JSON.stringify(logins.first)])
    rows.push(['a login after it', JSON.stringify(logins.next)])
  }
  if (calls !== undefined) rows.push([`${calls.made} tool calls`, JSON.stringify(calls.pingone)])
  return rows.length === 0 ? '' : table(['requests to PingOne', ''], rows)
}

function bundleTable({ bundles }: Figures): string {
  if (bundles === undefined) return ''
  const kib = (bytes: number) => (bytes / 1024).toFixed(1)
  const row = (name: string, of: keyof typeof bundles) => [
    name,
    kib(bundles[of].bytes),
    kib(bundles[of].gzipBytes),
  ]
  return table(
    ['bundle', 'minified KiB', 'gzip KiB'],
    [row('this server', 'mcp'), row('bare Worker', 'bare'), row('floor Worker', 'floor')],
  )
}

function manyTable(manyUsers: ManyUsers): string {
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

function rateTable({ callers, stateless, session }: OneUser): string {
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

function stormTable({ storm }: OneUser): string {
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

function endTable({ revoked, pingone }: Ends): string {
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
