import type { Config } from '#config.ts'
import { ok, type Result } from '#lib/result.ts'
import { type NotOpened, openTokens } from './downstream.ts'
import type { Grant, EncryptedTokens } from '../grants/grant.ts'

/**
 * The tokens of a User's grants, opened: in the memory of the object and nowhere else. They are those of one encrypted
 * text: after a refresh the text is another one, and after its end a grant has none.
 */
export class OpenedTokens {
  readonly #opened = new Map<string, { encrypted: string; tokens: EncryptedTokens }>()

  async open(config: Config, grant: Grant): Promise<Result<EncryptedTokens, NotOpened>> {
    const known = this.#opened.get(grant.id)
    if (known?.encrypted === grant.encrypted) return ok(known.tokens)
    this.forget(grant.id)
    const opened = await openTokens(config, grant)
    if (opened.ok) this.#opened.set(grant.id, { encrypted: grant.encrypted, tokens: opened.value })
    return opened
  }

  forget(grantId: string): void {
    this.#opened.delete(grantId)
  }
}
