/* oxlint-disable no-misleading-character-class -- Signs that combine are listed here one by one. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { boundedText, characterCount, cleanText, quotedJson } from '#lib/bounded-text.ts'

test.each([
  ['plain', 'plain'],
  ['  two\n\tlines  ', 'two lines'],
  ['bidi \u202Eexe.txt', 'bidi exe.txt'],
  ['zero\u200Bwidth\u2060\uFEFF', 'zerowidth'],
  ['bell\u0007 and null\u0000', 'bell and null'],
  ['isolates \u2066hidden\u2069', 'isolates hidden'],
  ['tag \u{E0041}\u{E0042}', 'tag'],
  ['smuggled\u{E0148}\u{E0155}\uFE0F text', 'smuggled text'],
  ['\u3164\u2800\u115F', ''],
  ['lone \uD800 surrogate', 'lone surrogate'],
  ['line\u2028separator', 'line separator'],
])('%j is shown as %j', (text, shown) => {
  expect(boundedText(text, 100)).toBe(shown)
})

test('what does not fit is not read to its end, and says that it was cut', () => {
  expect(boundedText(`a${' '.repeat(1_000_000)}b`, 4)).toBe('a…')
})

test('what is too long is cut between characters, never inside one', () => {
  expect(boundedText('😀'.repeat(10), 4)).toBe('😀😀😀…')
  expect(boundedText('😀'.repeat(4), 4)).toBe('😀😀😀😀')
  expect(boundedText('abcd', 4)).toBe('abcd')
  expect(boundedText('👨‍👩‍👧👨‍👩‍👧', 9)).toBe('👨‍👩‍👧…')
  expect(boundedText('नमस्ते', 4)).toBe('नम…')
  expect(boundedText(`e${'\u0301'.repeat(50)}`, 4)).toBe('e\u0301\u0301…')
})

test.each([
  ['a family', '👨‍👩‍👧 dinner'],
  ['a keycap', '1️⃣ first, #️⃣ and *️⃣'],
  ['flags by tags', '🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴󠁧󠁢󠁷󠁬󠁳󠁿'],
  ['flags by letters', '🇩🇪🇫🇷'],
  ['flags by joiners', '🏳️‍🌈 🏳️‍⚧️ 🏴‍☠️'],
  ['skin and hair', '👩🏽‍🚀 👨🏿‍🦰 🧑🏻‍❤️‍💋‍🧑🏿'],
  ['emoji style and text style', '❤️ ☎︎ ⌚️ ©️ ↔️'],
  ['Persian', 'می‌روم کتاب‌ها خانه‌ام ۱۰‌ساله PDF‌ها'],
  ['an Arabic abbreviation', '١٤٤٥ ه‍'],
  ['Urdu and Kurdish', 'یوم‌آزادی دەچمه‌وه‌ینه'],
  ['Hindi', 'क्‍ष और क्‌ष'],
  ['Marathi', 'दर्‍या'],
  ['Bengali', 'র‍্যাব'],
  ['Malayalam of earlier days', 'അവന്‍ വരും'],
  ['Telugu and Kannada', 'బ్యాంక్‌ ರಾಜ್‌ಕುಮಾರ್'],
  ['Sinhala', 'ශ්‍රී ලංකා'],
  ['Khmer', 'ភាសា\u200Bខ្មែរ'],
  ['Thai', 'สวัสดี\u200Bชาวโลก'],
  ['Mongolian', 'ᠭᠤᠷᠪᠠ\u180Eᠠ ᠠ\u180Bᠮ'],
  ['a Japanese name', '渡邉󠄞さん 葛󠄀城'],
  ['Hebrew with points', 'שָׁלוֹם יְרוּשָׁלַ\u034Fִם'],
  ['Vietnamese, decomposed', 'Tie\u0302\u0301ng Vie\u0302\u0323t'],
  ['old Korean and new', '한국어 훈민정음'],
  ['an Arabic sign of Cf', 'قال ۝١'],
  ['a Syriac sign of Cf', '\u070fܫܢ'],
])('%s passes as it was written', (_what, text) => {
  expect(boundedText(text, 100)).toBe(text)
})

test.each([
  ['joiners in Latin', 'pay\u200cpal a\u200db', 'paypal ab'],
  ['joiners behind a mark that Latin has as well', 'pa\u0308\u200cy\u200dpal', 'pa\u0308ypal'],
  ['two joiners in Persian', 'می\u200c\u200d\u200cروم', 'می\u200cروم'],
  ['a joiner that ends a Persian word', 'علی\u200c', 'علی'],
  ['a joiner between an emoji and a letter', '👩\u200dx 👩\u200d', '👩x 👩'],
  ['selectors behind an emoji', '😀\ufe0f\ufe0e\u{e0148}\u{e0155}', '😀\ufe0f'],
  ['a selector behind a letter or a digit', 'a\ufe0f 1\ufe0f 2\ufe0e', 'a 1 2'],
  ['selectors behind an ideograph', '葛\u{e0100}\u{e0101}\u{e01ef}', '葛\u{e0100}'],
  ['tags behind a flag', '🏴\u{e0069}\u{e0067}\u{e006e}\u{e006f}\u{e0072}\u{e0065}\u{e007f}', '🏴'],
  ['a flag that goes on', '🏴󠁧󠁢󠁥󠁮󠁧󠁿\u{e0041}\u{e007f}', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
  ['a soft hyphen and a word joiner', 'pass\u00adword\u2060s', 'passwords'],
  ['interlinear annotation', '\ufff9pay\ufffahide\ufffbme', 'payhideme'],
  ['an object without an object', 'a\ufffcb', 'ab'],
  ['fillers', 'a\u115fb\u1160c\u3164d\uffa0e', 'abcde'],
  ['marks of direction', 'a\u200eb\u200fc\u061cd', 'abcd'],
  ['C1 controls and a noncharacter', 'a\u009b2J\uffff', 'a2J'],
  ['halves of pairs', '\ud83da\ude00', 'a'],
  ['a blank of Braille', 'a\u2800\u2800b', 'a b'],
  ['a musical symbol without a head', 'a\u{1d159}b', 'ab'],
])('%s: what deceives goes', (_what, text, shown) => {
  expect(boundedText(text, 100)).toBe(shown)
})

test.each([
  ['variation selectors', '\ufe0f\ufe0e\u{e0100}\u{e01ef}'],
  ['joiners', '\u200c\u200d\u200c'],
  ['tags', '\u{e0041}\u{e007f}'],
  ['blanks', ' \u00a0\u3000\u2800\u1680\u2003'],
  ['fillers', '\u3164\uffa0\u115f\u1160\u17b4'],
  ['marks on nothing', '\u0301\u0302'],
  ['symbols that are drawn as nothing', '\u{1d159}\u{13441}\ufffc'],
  ['private use and what is not assigned', '\ue000\u{f0000}\u{3fffd}'],
])('%s alone are nothing', (_what, text) => {
  expect(cleanText(text)).toBe('')
  expect(boundedText(text, 100)).toBe('')
})

test('quoted JSON is the same value, on one line, with nothing hidden', () => {
  const honest = { text: '👨‍👩‍👧 می‌روم', said: '"} [x] paid' }
  expect(quotedJson(honest)).toBe('{"text":"👨‍👩‍👧 می‌روم","said":"\\"} [x] paid"}')
  const value = { text: '"\n}\u2028]\u202e\u0085\u{e0041}\ud800 x\u{e0148}' }
  const quoted = quotedJson(value)
  expect(JSON.parse(quoted)).toEqual(value)
  expect(quoted).toMatch(/^[^\n\u0085\u2028\u202e\u{e0041}\u{e0148}]+$/u)
})

// The expected values come from Unicode properties, independent of the code under test.
const RGI = /^\p{RGI_Emoji}$/v
const codes = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => String.fromCodePoint(from + at))
const PICTURES = [...codes(0xa9, 0xae), ...codes(0x203c, 0x3299), ...codes(0x1f000, 0x1faff)].filter((one) =>
  /\p{Emoji}/u.test(one),
)
const styled = PICTURES.flatMap((one) => [one, `${one}\ufe0f`])
const SKINS = codes(0x1f3fb, 0x1f3ff)
const isRgi = (text: string) => RGI.test(text)
const users = ['👩', '👨', '🧑', '🏃', '🏃🏾', '👩🏽', '🧑🏿', '👯', '🚶', '🏴', '🏳️', '❤️', '⛓️', '🐈', '🐻', '😮']
const behind = [...styled, ...SKINS.flatMap((skin) => ['🤝‍🧑', '❤️‍🧑', '❤️‍💋‍👨'].map((one) => `${one}${skin}`))]
const EMOJI = [
  ...styled.filter(isRgi),
  ...PICTURES.flatMap((one) => SKINS.map((skin) => `${one}${skin}`)).filter(isRgi),
  ...users.flatMap((one) => behind.map((next) => `${one}\u200d${next}`)).filter(isRgi),
  ...codes(0x1f1e6, 0x1f1ff)
    .flatMap((one, _at, all) => all.map((two) => `${one}${two}`))
    .filter(isRgi),
  ...Array.from('0123456789#*', (key) => `${key}\ufe0f\u20e3`),
  ...['👨‍👩‍👧‍👦', '👩‍👩‍👦', '🏃🏾‍♀️‍➡️', '👁️‍🗨️', '🧑‍🧑‍🧒‍🧒', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏴󠁧󠁢󠁷󠁬󠁳󠁿'].filter(isRgi),
]

test('the emoji of the property are emoji of every kind', () => {
  expect(EMOJI.length).toBeGreaterThan(2_500)
  expect(EMOJI.filter((one) => one.includes('\u200d')).length).toBeGreaterThan(150)
})

test('every emoji that Unicode recommends passes as it is', () => {
  expect(EMOJI.filter((one) => cleanText(one) !== one)).toEqual([])
})

const WORDS = [
  'می‌روم',
  'ه‍',
  'क्‍ष',
  'র‍্য',
  'ന്‍',
  'బ్యాంక్‌',
  'ශ්‍රී',
  '渡邉󠄞',
  'ខ្មែរ',
  'café',
  'שָׁלוֹם',
  'Ω≈ç',
  '한국어',
  '"quoted"',
]
const honest = fc
  .array(fc.oneof(fc.constantFrom(...EMOJI), fc.constantFrom(...WORDS)), { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join(' '))

/** Every kind of hidden character, also those that are valid beside the right neighbour. */
const HIDDEN = [
  ...Array.from(
    '\u200b\u200c\u200d\u200e\u200f\u061c\u202a\u202e\u2066\u2069\u2060\u2064\ufeff\u00ad\u034f\u180b\u180e\u115f\u1160\u3164\uffa0',
  ),
  ...Array.from(
    '\u17b4\ufe00\ufe01\ufe0e\ufe0f\u{e0100}\u{e0148}\u{e01ef}\u{e0001}\u{e0020}\u{e0067}\u{e0062}\u{e007f}\ufff9\ufffa\ufffb\ufffc',
  ),
  ...Array.from(
    '\u0000\u0007\u001b\u007f\u0085\u009b\u2028\u2029\u2800\ufffe\u{1d159}\u{1d173}\u{1bca0}\u{13430}',
  ),
  '\ud83d',
  '\udc00',
]
const NEIGHBOURS = [...Array.from('a1#*Z م ی ر क ् ന് 葛 ᠠ ខ ក ส ו ָ ַ é ∩ 😀 👩 🏽 🏴 🇩 ❤ ⃣ ́ 、 . - "'), ...WORDS]
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(...HIDDEN),
      fc.constantFrom(...NEIGHBOURS),
      fc.constantFrom(...EMOJI),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''))
const limit = fc.integer({ min: 2, max: 40 })
const runs = { seed: 20_261_129, numRuns: 20_000 }

// Characters that must never remain. No emoji and no script needs them.
const NEVER =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u00ad\u061c\u115f\u1160\u17b4\u17b5\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffc\u{e0000}-\u{e001f}\u{e0080}-\u{e00ff}\u{e0120}-\u{e0fff}\u{1d159}\u{1d173}-\u{1d17a}\u{1bca0}-\u{1bca3}]/u
const TWO_HIDDEN = /[\u034f\u180b-\u180f\u200b-\u200d\ufe00-\ufe0f\u{e0100}-\u{e01ef}]{2}/u
const IN_LATIN =
  /[\p{sc=Latn}\p{sc=Grek}\p{sc=Cyrl}\p{Nd}\p{P}][\u200b\u200d\ufe00-\ufe0e\u{e0100}-\u{e01ef}]/u

test('the property: what is honest passes unchanged', () => {
  fc.assert(
    fc.property(honest, (text) => {
      expect(cleanText(text)).toBe(text)
      expect(boundedText(text, 500)).toBe(text)
    }),
    { ...runs, numRuns: 5_000 },
  )
})

test('the property: nothing deceptive is left, cleaning twice changes nothing, and nothing is an empty place', () => {
  fc.assert(
    fc.property(hostile, limit, (text, most) => {
      for (const clean of [cleanText(text), boundedText(text, most)]) {
        expect(clean).not.toMatch(NEVER)
        // A selector followed by a joiner occurs only in emoji.
        expect(clean.replaceAll(/\ufe0f\u200d/g, '')).not.toMatch(TWO_HIDDEN)
        const latin = clean.replaceAll(/\u200d(?=[\p{sc=Arab}\p{sc=Mong}\p{scx=Arab}])/gu, '')
        expect(latin).not.toMatch(IN_LATIN)
        expect(clean.replaceAll(/🏴\u{e0067}\u{e0062}[\u{e0061}-\u{e007a}]{3}\u{e007f}/gu, '')).not.toMatch(
          /[\u{e0020}-\u{e007f}]/u,
        )
        expect(clean.isWellFormed()).toBe(true)
        expect(cleanText(clean)).toBe(clean)
        expect(clean === '' || /[\p{L}\p{N}\p{P}\p{S}\p{Extended_Pictographic}]/u.test(clean)).toBe(true)
        expect(clean).toBe(clean.trim())
      }
      const bounded = boundedText(text, most)
      expect(boundedText(bounded, most)).toBe(bounded)
    }),
    runs,
  )
})

test('the property: a text is shown whole or ends in “…”, and its bound is counted in code points', () => {
  fc.assert(
    fc.property(fc.oneof(hostile, honest), limit, (text, most) => {
      const clean = cleanText(text)
      const bounded = boundedText(text, most)
      expect(characterCount(bounded)).toBe(Array.from(bounded).length)
      expect(characterCount(bounded)).toBeLessThanOrEqual(most)
      const isShort = Array.from(text).length <= most
      expect(bounded === clean || (!isShort && bounded.endsWith('…'))).toBe(true)
    }),
    runs,
  )
})
