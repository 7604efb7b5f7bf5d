/**
 * A value that must not be seen. Printing it is harmless: templates, JSON and logs show `[secret]`.
 * `git grep 'reveal()'` lists every place that uses one. RPC refuses class instances, so what crosses an
 * object boundary is a plain string that the caller wraps at once.
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
