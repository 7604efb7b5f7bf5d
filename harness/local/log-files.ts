import { createWriteStream } from 'node:fs'
import type { WorkerName } from './plan.ts'
import type { StateFolder } from './state-folder.ts'

// wrangler puts a mark before lines of console.warn and console.error.
const EVENT = /^(?:\S+ \[(?:WARNING|ERROR)\] )?(\{"level":"(?:info|warn|error)","event":".*\})$/

/** The JSON of an event of the server's log (src/lib/log.ts); undefined for any other line. */
export const eventIn = (line: string): string | undefined => EVENT.exec(line)?.[1]

/** Appends to a file that only its owner can read. */
const openFile = (path: string) => createWriteStream(path, { flags: 'a', mode: 0o600 })

/**
 * The files that keep the output of one Worker: all lines in `<name>.log`, wrangler's included. The events of the MCP
 * server are in `mcp.jsonl` too, one JSON object per line and nothing else.
 */
export function openLogFiles(folder: StateFolder, name: WorkerName) {
  const all = openFile(folder.logOf(name))
  const events = name === 'mcp' ? openFile(folder.events) : undefined
  return {
    write(line: string): void {
      all.write(`${line}\n`)
      const event = events === undefined ? undefined : eventIn(line)
      if (event !== undefined) events?.write(`${event}\n`)
    },
    /** Resolves when every line is in the files. */
    async end(): Promise<void> {
      const files = [all, ...(events === undefined ? [] : [events])]
      await Promise.all(files.map((file) => new Promise<void>((resolve) => file.end(() => resolve()))))
    },
  }
}
