import { noteOf, placeOf, sentenceOf } from '#audit/findings.ts'
import type { AuditReport } from '#audit/verify.ts'
import { withHiddenEscaped } from '#lib/bounded-text.ts'
import type { AuditStatus } from './sql-log.ts'

const WIDTH = 20

/** What `npm run audit -- verify` prints. */
export function reportLines(report: AuditReport): readonly string[] {
  const { findings, notes, more, events, chains, waiting } = report
  return [
    ...findings.map((finding) =>
      escaped(`${finding.kind.padEnd(WIDTH)} ${placeOf(finding)}: ${sentenceOf(finding)}`),
    ),
    ...notes.map((note) => escaped(`${'note'.padEnd(WIDTH)} ${placeOf(note)}: ${noteOf(note)}`)),
    ...(more.findings + more.notes > 0
      ? [`${counted(more.findings, 'finding')} and ${counted(more.notes, 'note')} more are not shown`]
      : []),
    `${counted(events, 'event')} in ${counted(chains, 'chain')}${waiting === null ? '' : `; ${waiting} wait in users' objects`}`,
    findings.length > 0
      ? `not intact: ${counted(findings.length + more.findings, 'finding')}`
      : headLine(report),
  ]
}

/** Names and ids may be anything in a log that somebody changed: none of it reaches the terminal as a control sequence. */
const escaped = (line: string): string => withHiddenEscaped(JSON.stringify(line).slice(1, -1))

function headLine({ head, after }: AuditReport): string {
  const events = counted(after, 'event')
  if (head === null) return `not proven by a head: ${events} checked by their chain only`
  return `tamper-evident up to head ${head.n} of ${head.at}; ${events} after it checked by their chain only`
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** What `npm run audit -- status` prints. */
export function statusLines(status: AuditStatus): readonly string[] {
  const rows: readonly (readonly [string, string | number | null])[] = [
    ['events', status.events],
    ['oldest', status.oldest ?? 'none'],
    ['newest', status.newest ?? 'none'],
    ['rejected events', status.rejected],
    ['sessions', status.sessions],
    ["strangers' denials, last day", status.denials],
  ]
  return rows.map(([name, value]) => `${name.padEnd(30)} ${value ?? 'not known here'}`)
}
