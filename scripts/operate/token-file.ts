import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { parseJson, readPrivateFile, writePrivateFile } from '#harness/local/private-file.ts'
import { describeStateFolder } from '#harness/local/state-folder.ts'

const OperatorToken = z.strictObject({ origin: z.string(), token: z.string(), endsAtMs: z.number() })
export type OperatorToken = z.infer<typeof OperatorToken>

/** The operator's token for one server, in a private file of the state folder, until it expires. */
export class TokenFile {
  readonly #origin: string
  readonly #folder: string
  readonly path: string

  constructor(state: string, origin: string) {
    this.#origin = origin
    this.#folder = describeStateFolder(state).path
    this.path = join(this.#folder, `operator-${origin.replaceAll(/[^a-z0-9.-]+/g, '_')}.json`)
  }

  /** Removes a token that is over, or that does not belong here. */
  read(nowMs = Date.now()): string | undefined {
    const text = readPrivateFile(this.path)
    if (text === undefined) return undefined
    const read = OperatorToken.safeParse(parseJson(text))
    if (read.success && read.data.origin === this.#origin && read.data.endsAtMs > nowMs)
      return read.data.token
    this.remove()
    return undefined
  }

  write(token: string, endsAtMs: number): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const kept: OperatorToken = { origin: this.#origin, token, endsAtMs }
    writePrivateFile(this.path, `${JSON.stringify(kept)}\n`)
  }

  remove(): void {
    rmSync(this.path, { force: true })
  }
}
