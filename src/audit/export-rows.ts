import { z } from 'zod'
import { ListKind } from './list-proof.ts'
import { MOST_PAGE_ROWS, type Question } from './questions.ts'
import type { Ask } from './read-questions.ts'

const place = { chain: z.string(), epoch: z.int(), seq: z.int() }
const entry = { list: ListKind, n: z.int(), ...place, hash: z.string() }

/** One line of an export. An event's `body` is the text that was hashed. */
export const ExportLine = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('export'), v: z.literal(1), app: z.string().nullable(), at: z.string() }),
  z.strictObject({ kind: z.literal('list'), list: ListKind, n: z.int(), jws: z.string() }),
  z.strictObject({ kind: z.literal('entry'), ...entry }),
  z.strictObject({ kind: z.literal('event'), ...place, hash: z.string(), body: z.string() }),
])
export type ExportLine = z.infer<typeof ExportLine>

const Key = z.tuple([z.string().max(64), z.int(), z.int()])
const FIRST_KEY: z.infer<typeof Key> = ['', 0, 0]
/**
 * Where a page ended. `most`: the last list of its kind, so that entries of a list that is signed meanwhile stay out. Checkpoints
 * come after the events: one that was signed meanwhile names the events that were removed meanwhile.
 */
const ExportPlace = z.discriminatedUnion('part', [
  z.strictObject({ part: z.literal('lists'), list: ListKind, n: z.int() }),
  z.strictObject({ part: z.literal('entries'), list: ListKind, most: z.int(), key: Key }),
  z.strictObject({ part: z.literal('events'), key: Key }),
])
type ExportPlace = z.infer<typeof ExportPlace>

/** `next`: what to give as `after` for the page that follows; null: this was the last. */
export interface ExportPage {
  lines: readonly ExportLine[]
  next: string | null
}

const AppRow = z.object({ app: z.string().nullable() })
const ListRow = z.object({ n: z.int(), jws: z.string() })
const EntryRow = z.object({ ...place, n: z.int(), hash: z.string() })
const EventRow = z.object({ ...place, body: z.string(), hash: z.string() })

const askApp: Question = {
  sql: `SELECT body ->> '$.app' AS app FROM events INDEXED BY events_time ORDER BY id DESC LIMIT 1`,
  params: [],
}

/** Reads the place that an earlier page named; null: the text is not such a place. */
export function readExportPlace(text: string): ExportPlace | null {
  try {
    return ExportPlace.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

/**
 * A page of the file that `npm run audit -- export` writes: whole lines, in one statement. `at`: when the export was made, for its
 * first line. Throws for an `after` that no page named.
 */
export async function readExportPage(ask: Ask, after: string | null, at: string): Promise<ExportPage> {
  if (after === null) {
    const [row] = await ask(askApp)
    const app = row === undefined ? null : AppRow.parse(row).app
    const from: ExportPlace = { part: 'lists', list: 'head', n: 0 }
    return { lines: [{ kind: 'export', v: 1, app, at }], next: JSON.stringify(from) }
  }
  const from = readExportPlace(after)
  if (from === null) throw new Error('no page of an export ended here')
  const { lines, next } = await readPart(ask, from)
  return { lines, next: next === null ? null : JSON.stringify(next) }
}

interface Part {
  lines: ExportLine[]
  next: ExportPlace | null
}

function readPart(ask: Ask, from: ExportPlace): Promise<Part> {
  switch (from.part) {
    case 'lists':
      return readLists(ask, from)
    case 'entries':
      return readEntries(ask, from)
    case 'events':
      return readEvents(ask, from)
  }
}

type PlaceOf<P extends ExportPlace['part']> = Extract<ExportPlace, { part: P }>
const isFull = (rows: readonly unknown[]): boolean => rows.length === MOST_PAGE_ROWS

async function readLists(ask: Ask, { list, n }: PlaceOf<'lists'>): Promise<Part> {
  const sql = 'SELECT n, jws FROM signed_lists WHERE kind = ? AND n > ? ORDER BY n LIMIT ?'
  const rows = (await ask({ sql, params: [list, n, MOST_PAGE_ROWS] })).map((row) => ListRow.parse(row))
  const most = rows.at(-1)?.n ?? n
  return {
    lines: rows.map((row) => ({ kind: 'list', list, ...row })),
    next: isFull(rows) ? { part: 'lists', list, n: most } : { part: 'entries', list, most, key: FIRST_KEY },
  }
}

async function readEntries(ask: Ask, { list, most, key: from }: PlaceOf<'entries'>): Promise<Part> {
  const sql = `SELECT chain, epoch, n, seq, hash FROM list_entries
    WHERE kind = ? AND (chain, epoch, n) > (?, ?, ?) AND n <= ? ORDER BY chain, epoch, n LIMIT ?`
  const params = [list, ...from, most, MOST_PAGE_ROWS]
  const rows = (await ask({ sql, params })).map((row) => EntryRow.parse(row))
  const last = rows.at(-1)
  const after: ExportPlace | null = list === 'head' ? { part: 'events', key: FIRST_KEY } : null
  return {
    lines: rows.map((row) => ({ kind: 'entry', list, ...row })),
    next:
      last !== undefined && isFull(rows)
        ? { part: 'entries', list, most, key: [last.chain, last.epoch, last.n] }
        : after,
  }
}

async function readEvents(ask: Ask, { key: from }: PlaceOf<'events'>): Promise<Part> {
  const sql = `SELECT chain, epoch, seq, body, hash FROM events
    WHERE (chain, epoch, seq) > (?, ?, ?) ORDER BY chain, epoch, seq LIMIT ?`
  const rows = (await ask({ sql, params: [...from, MOST_PAGE_ROWS] })).map((row) => EventRow.parse(row))
  const last = rows.at(-1)
  return {
    lines: rows.map((row) => ({ kind: 'event', ...row })),
    next:
      last !== undefined && isFull(rows)
        ? { part: 'events', key: [last.chain, last.epoch, last.seq] }
        : { part: 'lists', list: 'checkpoint', n: 0 },
  }
}
