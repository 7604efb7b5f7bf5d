/** The names of a new product, in every form that examples/notes has its own. */
export interface ProductNames {
  readonly plural: string
  readonly singular: string
}

// Words that an identifier cannot be, as far as the pattern admits them.
const RESERVED =
  /^(?:break|case|catch|class|const|continue|debugger|default|delete|else|enum|export|extends|false|finally|for|function|import|instanceof|new|null|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield|let|await|interface|package|private|protected|public|implements)$/
const NAME = /^[a-z]{3,24}$/

/** One word in lower case; null: not a name. A plural gives its tools the singular: invoices, addInvoice. */
export function productNames(name: string): ProductNames | null {
  const singular = singularOf(name)
  const isName = NAME.test(name) && !RESERVED.test(name) && !RESERVED.test(singular)
  return isName ? { plural: name, singular } : null
}

function singularOf(name: string): string {
  if (/[^aeiou]ies$/.test(name)) return name.replace(/ies$/, 'y')
  if (/(?:s|x|z|ch|sh)es$/.test(name)) return name.replace(/es$/, '')
  return /[^su]s$/.test(name) ? name.slice(0, -1) : name
}

const capitalized = (word: string) => word.replace(/^./, (letter) => letter.toUpperCase())

/** A text or a path of examples/notes with the new names. */
export function renamed(text: string, { plural, singular }: ProductNames): string {
  const words: Readonly<Record<string, string>> = {
    notes: plural,
    note: singular,
    Notes: capitalized(plural),
    Note: capitalized(singular),
    NOTES: plural.toUpperCase(),
    NOTE: singular.toUpperCase(),
  }
  return text.replaceAll(/notes?|Notes?|NOTES?/g, (word) => words[word] ?? word)
}

const NOT_CODE = /\/\*[\s\S]*?\*\/|\/\/.*$|'[^'\n]*'|`[^`]*`/gm

/** Whether the template's code has the word as an identifier: the copy would then have two meanings of it. */
export const isTakenIn = (text: string, { plural, singular }: ProductNames): boolean =>
  new RegExp(`\\b(?:${plural}|${singular})\\b`).test(text.replaceAll(NOT_CODE, ''))
