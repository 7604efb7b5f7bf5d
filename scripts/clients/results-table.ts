import { table } from '#harness/table.ts'

/** The steps that are repeated with each client, in this order. */
export const STEPS = ['login', 'list', 'read', 'write', 'refresh', 'reconnect'] as const
export type Results = Readonly<Record<(typeof STEPS)[number], string>>

export interface Row {
  /** A link to the client's page where there is one. */
  readonly client: string
  readonly version: string
  readonly drivenBy: string
  readonly results: Results
  /** Year, month and day. */
  readonly date: string
}

const NOT_TRIED = 'not tried'
const NOTHING: Results = {
  login: NOT_TRIED,
  list: NOT_TRIED,
  read: NOT_TRIED,
  write: NOT_TRIED,
  refresh: NOT_TRIED,
  reconnect: NOT_TRIED,
}

export const resultsOf = (seen: Partial<Results>): Results => ({ ...NOTHING, ...seen })

const HEAD = ['client', 'version', 'driven by', ...STEPS, 'seen on'] as const
const BEGIN = '<!-- `npm run clients` writes from here -->'
const END = '<!-- to here -->'

export const renderRows = (rows: readonly Row[]): string =>
  table(
    HEAD,
    rows.map(({ client, version, drivenBy, results, date }) => [
      client,
      version,
      drivenBy,
      ...STEPS.map((step) => results[step]),
      date,
    ]),
  )

/** The rows that earlier runs wrote. */
export function readRows(page: string): readonly Row[] {
  const [, section = ''] = page.split(BEGIN)
  const [written = ''] = section.split(END)
  const [, , ...lines] = written.split('\n').filter((line) => line.startsWith('|'))
  return lines.map(readRow)
}

function readRow(line: string): Row {
  const cells = line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
  if (cells.length !== HEAD.length) throw new Error(`not a row of the table: ${line}`)
  const cell = (column: (typeof HEAD)[number]): string => cells[HEAD.indexOf(column)] ?? ''
  return {
    client: cell('client'),
    version: cell('version'),
    drivenBy: cell('driven by'),
    results: {
      login: cell('login'),
      list: cell('list'),
      read: cell('read'),
      write: cell('write'),
      refresh: cell('refresh'),
      reconnect: cell('reconnect'),
    },
    date: cell('seen on'),
  }
}

const titleOf = ({ client }: Row): string => client.replace(/^\[([^\]]*)\].*$/, '$1')

/** The page with new rows in place of the earlier ones of the same clients, sorted by name. */
export function mergeIntoPage(page: string, rows: readonly Row[]): string {
  const [start, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (start === -1 || end < start) throw new Error('the page has no place for the table')
  const all = new Map([...readRows(page), ...rows].map((row) => [titleOf(row), row]))
  const sorted = [...all.values()].toSorted((a, b) => titleOf(a).localeCompare(titleOf(b), 'en'))
  return `${page.slice(0, start)}${BEGIN}\n\n${renderRows(sorted)}\n\n${page.slice(end)}`
}
