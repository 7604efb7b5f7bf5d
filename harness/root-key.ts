/**
 * A deterministic test root key that looks random, because a server with a public origin refuses others. The
 * same id gives the same key.
 */
export function rootKey(id: string): string {
  let state = Array.from(id).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 2_166_136_261)
  const next = (): number => {
    // The generator of Numerical Recipes; its high bits are the good ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  }
  const bytes = String.fromCharCode(...Array.from({ length: 32 }, next))
  return `${id}:${btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}
