// Control, bidi, zero-width and invisible format characters (general categories Cc and Cf), whatever else has no shape
// of its own (variation selectors, in which whole texts have been hidden, fillers, the blank of Braille), line
// separators and lone surrogates: what they hide from a person, they show to a model, and the other way round.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\p{Zl}\p{Zp}\p{Cs}]/gu

// A text of a megabyte is not cleaned to its end, to be cut to a line then.
const LOOKED_AT = 20

/** One line of text that a stranger chose, made safe to show: unseen characters gone, spaces folded, bounded. */
export function boundedText(text: string, maxCharacters: number): string {
  const head = text.slice(0, maxCharacters * LOOKED_AT)
  const clean = head.replaceAll(/\s+/gu, ' ').replaceAll(UNSEEN, '').replaceAll(/ {2,}/g, ' ').trim()
  if (head.length === text.length && clean.length <= maxCharacters) return clean
  // Counted as zod and String count, so that `.max()` holds; half of a character at the end goes too.
  return `${clean.slice(0, maxCharacters - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
