/** RFC 6570 §3.2.2: simple expressions only. Their values have no slash, so one address fits one template. */
const EXPRESSION = /\{([A-Za-z][A-Za-z0-9]*)\}/

/** A function that finds the values in an address; null: the address is not of this template. */
export function matchTemplate(uriTemplate: string): (uri: string) => Record<string, string> | null {
  // The odd ones are the names, as `split` leaves them between what is around them.
  const pieces = uriTemplate.split(EXPRESSION)
  const names = pieces.filter((_piece, at) => at % 2 === 1)
  const pattern = new RegExp(
    `^${pieces.map((piece, at) => (at % 2 === 1 ? '([^/?#]+)' : escaped(piece))).join('')}$`,
  )
  return (uri) => {
    const values = pattern.exec(uri)?.slice(1)
    if (values === undefined) return null
    try {
      return Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(values[at] ?? '')]))
    } catch {
      // A broken escape is in no address of ours.
      return null
    }
  }
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
