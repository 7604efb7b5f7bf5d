import type { Config } from '#config.ts'
import { ok, type Result } from '#lib/result.ts'
import { type NotOpened, openTokens } from './downstream.ts'
import type { Grant, SealedTokens } from '../grants/grant.ts'

/**
 * The tokens of a Person's grants, opened: in the memory of the object and nowhere else. They are those of one sealed
 * text: after a refresh the text is another one, and after its end a grant has none.
 */
export class OpenedTokens {
  readonly #opened = new Map<string, { sealed: string; tokens: SealedTokens }>()

  async open(config: Config, grant: Grant): Promise<Result<SealedTokens, NotOpened>> {
    const known = this.#opened.get(grant.id)
    if (known?.sealed === grant.sealed) return ok(known.tokens)
    this.forget(grant.id)
    const opened = await openTokens(config, grant)
    if (opened.ok) this.#opened.set(grant.id, { sealed: grant.sealed, tokens: opened.value })
    return opened
  }

  forget(grantId: string): void {
    this.#opened.delete(grantId)
  }
}
