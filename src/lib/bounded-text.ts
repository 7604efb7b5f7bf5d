import { z } from 'zod'

/* oxlint-disable no-misleading-character-class -- Combining characters are listed one by one. */

/*
 * Cleans untrusted text by context (invariant 9): characters that a script or an emoji needs stay, characters that only
 * hide or reverse text are removed.
 */

/** Blanks of every kind, line breaks and the blank of Braille: each run becomes one space. */
const BLANKS = /[\t\n\v\f\r\u0085\p{Z}\u2800]+/gu

// Never needed: control and format characters (bidi among them), half surrogate pairs, fillers, noncharacters, and the
// few symbols without a glyph. Not in this list: visible characters of Cf, and those that context decides.
const NEVER_NEEDED =
  /[[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\uFFFC\u{1D159}\u{13441}\u{13442}\u{16FE4}]--[\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u{110BD}\u{110CD}\u034F\u180B-\u180F\u200B-\u200D\uFE00-\uFE0F\u{E0020}-\u{E007F}\u{E0100}-\u{E01EF}]]/gv

const BY_CONTEXT = /[\u034F\u180B-\u180F\u200B-\u200D\uFE00-\uFE0F\u{E0020}-\u{E007F}\u{E0100}-\u{E01EF}]/u

/** A tag, alone or in one of the three flags that UTS #51 recommends: England, Scotland and Wales. */
const TAGS =
  /(\u{1F3F4}\u{E0067}\u{E0062}(?:\u{E0065}\u{E006E}\u{E0067}|\u{E0073}\u{E0063}\u{E0074}|\u{E0077}\u{E006C}\u{E0073})\u{E007F})|[\u{E0020}-\u{E007F}]/gu

/** Letters of scripts that join them (UAX #31, A1). Signs that Latin has as well prove nothing. */
const CURSIVE =
  /[[[\p{scx=Arabic}\p{scx=Syriac}\p{scx=Mandaic}\p{scx=Mongolian}\p{scx=Nko}\p{scx=Phags_Pa}\p{scx=Manichaean}\p{scx=Psalter_Pahlavi}\p{scx=Adlam}\p{scx=Hanifi_Rohingya}\p{scx=Sogdian}\p{scx=Old_Uyghur}\p{scx=Chorasmian}]&&[\p{L}\p{M}\p{N}]]--\p{scx=Latin}]/v
/** Letters and signs of scripts with conjuncts (UAX #31, A2 and B). */
const INDIC =
  /[[[\p{scx=Devanagari}\p{scx=Bengali}\p{scx=Gurmukhi}\p{scx=Gujarati}\p{scx=Oriya}\p{scx=Tamil}\p{scx=Telugu}\p{scx=Kannada}\p{scx=Malayalam}\p{scx=Sinhala}\p{scx=Myanmar}\p{scx=Khmer}\p{scx=Tibetan}\p{scx=Balinese}\p{scx=Javanese}\p{scx=Sundanese}\p{scx=Tai_Tham}\p{scx=Cham}\p{scx=Grantha}\p{scx=Newa}\p{scx=Tirhuta}\p{scx=Kaithi}\p{scx=Chakma}\p{scx=Sharada}\p{scx=Khojki}\p{scx=Khudawadi}\p{scx=Saurashtra}\p{scx=Syloti_Nagri}\p{scx=Meetei_Mayek}\p{scx=Limbu}\p{scx=Lepcha}\p{scx=Modi}\p{scx=Takri}\p{scx=Brahmi}\p{scx=Nandinagari}\p{scx=Gunjala_Gondi}\p{scx=Masaram_Gondi}]&&[\p{L}\p{M}]]--\p{scx=Latin}]/v
/** Scripts without spaces between words: U+200B marks where a line may break. */
const SPACELESS =
  /[[[\p{scx=Khmer}\p{scx=Lao}\p{scx=Thai}\p{scx=Myanmar}\p{scx=Tai_Tham}\p{scx=Tibetan}\p{scx=Balinese}\p{scx=Javanese}\p{scx=New_Tai_Lue}\p{scx=Tai_Viet}]&&[\p{L}\p{M}\p{N}]]--\p{scx=Latin}]/v
const WORD = /[\p{L}\p{M}\p{N}]/u
/** Ends a letter of such a script without its vowel. Malayalam and Telugu write a joiner behind it at the end of a word. */
const VIRAMA =
  /[\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D3B\u0D3C\u0D4D\u0DCA\u0F84\u1039\u103A\u17D2\u1A60\u1B44\u1BAA\u1BAB\uA806\uA8C4\uA9C0\uABED]/u
const PICTURE = /\p{Extended_Pictographic}/u
const JOINS_PICTURES = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F]/u

/** Which selector means something behind which character: style of an emoji or sign, form of an ideograph or letter. */
const SELECTORS = [
  { selector: /[\uFE0E\uFE0F]/u, base: PICTURE },
  // The registered forms of names end below U+E0120.
  { selector: /[\uFE00-\uFE02\u{E0100}-\u{E011F}]/u, base: /\p{Ideographic}/u },
  { selector: /\uFE00/u, base: /[[\p{Sm}--\p{ASCII}][\p{scx=Myanmar}\p{scx=Phags_Pa}\p{scx=Manichaean}]]/v },
  { selector: /[\uFE00-\uFE06]/u, base: /\p{scx=Egyptian_Hieroglyphs}/u },
  { selector: /[\u180B-\u180D\u180F]/u, base: /[\p{sc=Mongolian}&&\p{L}]/v },
] as const
const SELECTOR = /[\u034F\u180B-\u180F\uFE00-\uFE0F\u{E0100}-\u{E01EF}]/u
const MONGOLIAN_LETTER = /[\p{sc=Mongolian}&&\p{L}]/v
const HEBREW_POINT = /[\u0591-\u05C7]/u

function isSelectorNeeded(before: string, sign: string, after: string): boolean {
  if (sign === '\u034F') return HEBREW_POINT.test(before) && HEBREW_POINT.test(after)
  if (sign === '\u180E') return MONGOLIAN_LETTER.test(before) && MONGOLIAN_LETTER.test(after)
  if (sign === '\uFE0F' && /^[0-9#*]$/.test(before)) return after === '\u20E3'
  return SELECTORS.some(({ selector, base }) => selector.test(sign) && base.test(before))
}

const isWordSpaceNeeded = (before: string, _sign: string, after: string): boolean =>
  SPACELESS.test(before) && SPACELESS.test(after)

function isJoinerNeeded(before: string, sign: string, after: string): boolean {
  if (VIRAMA.test(before)) return true
  const isIndic = INDIC.test(before)
  if (sign === '\u200C') {
    const isBeside = CURSIVE.test(before) || CURSIVE.test(after) || isIndic
    return isBeside && WORD.test(before) && WORD.test(after)
  }
  // An Arabic letter alone in its joining form ends an abbreviation.
  if (CURSIVE.test(before) || CURSIVE.test(after)) return true
  return (isIndic && INDIC.test(after)) || (JOINS_PICTURES.test(before) && PICTURE.test(after))
}

type IsNeeded = (before: string, sign: string, after: string) => boolean

/** One pass for each kind; no later pass removes the neighbours that it depends on, so cleaning is idempotent. */
const PASSES: readonly { sign: RegExp; isNeeded: IsNeeded }[] = [
  { sign: SELECTOR, isNeeded: isSelectorNeeded },
  { sign: /\u200B/u, isNeeded: isWordSpaceNeeded },
  { sign: /[\u200C\u200D]/u, isNeeded: (before) => !/[\u200C\u200D]/u.test(before) },
  { sign: /[\u200C\u200D]/u, isNeeded: isJoinerNeeded },
]

function cleanByContext(text: string): string {
  // Most texts have none of these characters, and splitting a long one takes long.
  if (!BY_CONTEXT.test(text)) return text
  let characters = Array.from(text.replaceAll(TAGS, '$1'))
  for (const { sign, isNeeded } of PASSES)
    characters = characters.filter(
      (character, at) =>
        !sign.test(character) || isNeeded(characters[at - 1] ?? '', character, characters[at + 1] ?? ''),
    )
  return characters.join('')
}

const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}\p{Extended_Pictographic}]/u

/** The text as one line without deceptive characters; empty if nothing of it is visible. */
export function cleanText(text: string): string {
  const plain = text.replaceAll(BLANKS, ' ').replaceAll(NEVER_NEEDED, '')
  const line = cleanByContext(plain).replaceAll(/ {2,}/g, ' ').trim()
  return VISIBLE.test(line) ? line : ''
}

/** In code points, as JSON Schema counts; `length` and zod's `.max()` count an emoji twice. */
export function characterCount(text: string): number {
  let count = 0
  for (const _character of text) count += 1
  return count
}

/** A text of at most `maxCharacters` code points; its JSON Schema has the same `maxLength`. */
export const textUpTo = (maxCharacters: number) =>
  z
    .string()
    .refine((text) => characterCount(text) <= maxCharacters)
    .meta({ maxLength: maxCharacters })

/**
 * A text that a user wrote, cleaned on input and later shown whole. A text without visible characters is left unchanged
 * for its tool to deny.
 */
export const writtenText = (maxCharacters: number) =>
  z
    .string()
    .trim()
    .min(1)
    .overwrite((text) => cleanText(text) || text)
    .refine((text) => characterCount(text) <= maxCharacters)
    .meta({ minLength: 1, maxLength: maxCharacters })

// Bounds the work for very long texts.
const LOOKED_AT = 20

/** Cleans a text and truncates it to `maxCharacters` code points between graphemes. */
export function boundedText(text: string, maxCharacters: number): string {
  const head = text.slice(0, maxCharacters * LOOKED_AT)
  const clean = cleanText(head)
  if (head.length === text.length && characterCount(clean) <= maxCharacters) return clean
  return `${cleanText(cut(clean, maxCharacters - 1))}…`
}

function cut(text: string, maxCharacters: number): string {
  let end = 0
  let count = 0
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)) {
    count += characterCount(segment)
    if (count > maxCharacters) break
    end += segment.length
  }
  // A single grapheme can exceed any bound.
  return end > 0 ? text.slice(0, end) : Array.from(text).slice(0, maxCharacters).join('')
}

const LINES = /[\p{Zl}\p{Zp}]/gu
const HIDES = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu
const escaped = (hidden: string) =>
  Array.from(
    { length: hidden.length },
    (_, at) => `\\u${hidden.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')

/** JSON with every invisible character escaped: the same value, readable. */
export const withHiddenEscaped = (json: string): string => json.replaceAll(HIDES, escaped)

/**
 * Untrusted values as JSON on one line, which cannot end its quotes or begin a line. If it contains a deceptive character,
 * all invisible ones are escaped, so text that a tool did not clean hides nothing.
 */
export function quotedJson(value: unknown): string {
  const json = JSON.stringify(value) ?? 'null'
  const seen = json.replaceAll(NEVER_NEEDED, '').replaceAll(LINES, '')
  return seen === json && cleanByContext(json) === json ? json : withHiddenEscaped(json)
}
