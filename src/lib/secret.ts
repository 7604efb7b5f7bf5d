/**
 * Wraps a secret: templates, JSON and logs show `[secret]`. `git grep 'reveal()'` lists every use. RPC refuses class
 * instances, so plain strings cross RPC and the receiver wraps them at once.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }
}
