// Control, bidi, zero-width and invisible format characters (general categories Cc and Cf), line separators and
// lone surrogates: what they hide from a person, they show to a model, and the other way round.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** One line of text that a stranger chose, made safe to show: unseen characters gone, spaces folded, bounded. */
export function boundedText(text: string, maxCharacters: number): string {
  const clean = text.replaceAll(/\s+/gu, ' ').replaceAll(UNSEEN, '').replaceAll(/ {2,}/g, ' ').trim()
  const characters = Array.from(clean)
  return characters.length <= maxCharacters ? clean : `${characters.slice(0, maxCharacters - 1).join('')}…`
}
