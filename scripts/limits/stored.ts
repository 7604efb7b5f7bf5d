import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { median } from '../bench/statistics.ts'

/** The storage of one object, or the median of several. */
export interface StorageSize {
  /** Size of the file on disk: whole pages of 4096 bytes, unused pages included. */
  readonly fileBytes: number
  /** Bytes in rows of tables and indexes. */
  readonly rowBytes: number
}

const OBJECT = /^[0-9a-f]{64}\.sqlite$/

/** The object files of one class. */
export const objectFiles = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => OBJECT.test(file))
        .map((file) => join(folder, file))
    : []

const MAX_WAIT_MS = 30_000

/**
 * workerd closes the database of an idle object after ten seconds. SQLite then checkpoints and deletes the WAL. Nothing
 * is vacuumed, as in production.
 */
export async function untilClosed(files: readonly string[], signal: AbortSignal): Promise<void> {
  const untilMs = performance.now() + MAX_WAIT_MS
  while (files.some((file) => existsSync(`${file}-wal`))) {
    if (performance.now() > untilMs) throw new Error('objects that nobody asks stay open')
    await wait(250, undefined, { signal })
  }
}

const Sum = z.object({ bytes: z.number() })

export function storageSizeOf(files: readonly string[]): StorageSize {
  const all = files.map((file) => {
    const database = new DatabaseSync(file, { readOnly: true })
    const { bytes } = Sum.parse(database.prepare('SELECT sum(payload) AS bytes FROM dbstat').get())
    database.close()
    return { fileBytes: statSync(file).size, rowBytes: bytes }
  })
  return {
    fileBytes: median(all.map(({ fileBytes }) => fileBytes)),
    rowBytes: median(all.map(({ rowBytes }) => rowBytes)),
  }
}
