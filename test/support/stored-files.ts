import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface StoredFile {
  readonly path: string
  /** Its bytes as latin1, so that every byte is a character. */
  readonly text: string
}

/**
 * Every file below a folder while servers write there. When an idle object closes its database, SQLite moves the log
 * into it and deletes the log: then everything is read again, because moved content could be in neither reading.
 */
export function storedFiles(folder: string): readonly StoredFile[] {
  for (;;) {
    const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
    try {
      return paths.map((path) => ({ path, text: readFileSync(path, 'latin1') }))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    }
  }
}
