/** Who asks for a write that is running waits this long for its end before being told to ask again. */
const PATIENCE_MS = 3000

/** In memory only: after a crash nobody waits any more, and the row says what is known. */
export class CallsUnderWay {
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>()

  async endOf(call: string): Promise<void> {
    const waiting = this.#waiting.get(call) ?? Promise.withResolvers<void>()
    this.#waiting.set(call, waiting)
    const timer = setTimeout(() => this.tellEnd(call), PATIENCE_MS)
    await waiting.promise
    clearTimeout(timer)
  }

  tellEnd(call: string): void {
    this.#waiting.get(call)?.resolve()
    this.#waiting.delete(call)
  }
}
