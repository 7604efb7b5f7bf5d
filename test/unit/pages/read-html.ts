/** Reads the output of our own renderer, which quotes every attribute. Not a general HTML parser. */

export type Tag = { name: string; attributes: Record<string, string>; at: number }

const TAG = /<([a-z][a-z0-9]*)((?:\s+[^\s"'<>/=]+="[^"]*")*)\s*\/?>/g

export function tagsOf(html: string, name?: string): Tag[] {
  const tags = [...html.matchAll(TAG)].map((match) => ({
    name: match[1] ?? '',
    attributes: Object.fromEntries(
      [...(match[2] ?? '').matchAll(/\s([^\s=]+)="([^"]*)"/g)].map((pair) => [
        pair[1],
        unescaped(pair[2] ?? ''),
      ]),
    ),
    at: match.index,
  }))
  return name === undefined ? tags : tags.filter((tag) => tag.name === name)
}

/** The page without any value: a client's text must not change this. */
export const skeletonOf = (html: string): string =>
  [...html.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(/="[^"]*"/g, '=""')).join('')

/** The visible text of the first element that starts with `opening`. */
export function textOf(html: string, opening: string): string {
  const start = html.indexOf(opening)
  if (start === -1) return ''
  const name = /^<([a-z0-9]+)/.exec(opening)?.[1] ?? ''
  const inner = html.slice(html.indexOf('>', start) + 1, html.indexOf(`</${name}>`, start))
  return unescaped(inner.replaceAll(/<[^>]*>/g, ''))
    .replaceAll(/\s+/g, ' ')
    .trim()
}

const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
