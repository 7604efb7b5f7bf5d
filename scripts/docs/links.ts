import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type PageProblem, readPage, ROOT, withoutCode } from './pages.ts'

/** Heading anchors as GitHub generates them; a repeated heading gets a number. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const counts = new Map<string, number>()
  const anchors = [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    const before = counts.get(anchor) ?? 0
    counts.set(anchor, before + 1)
    return before === 0 ? anchor : `${anchor}-${before}`
  })
  return new Set([...anchors, ...[...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id = '']) => id)])
}

const LINKS = [
  /\]\(([^)\s]+)(?: "[^"]*")?\)/g,
  /^ *\[[^\]]+\]: (\S+)/gm,
  /<(?:img|a|source) [^>]*(?:src|href|srcset)="([^"]+)"/g,
]

/** Links that lead nowhere. An address on the internet has to be well-formed and https, or on this machine. */
export function linkProblems(page: string, text = readPage(page)): readonly PageProblem[] {
  const prose = withoutCode(text).replaceAll(/`[^`\n]*`/g, (code) => ' '.repeat(code.length))
  const links = LINKS.flatMap((pattern) => [...prose.matchAll(pattern)])
  return links.flatMap((match): readonly PageProblem[] => {
    const [, link = ''] = match
    const fault = faultOf(page, text, link)
    const line = prose.slice(0, match.index).split('\n').length
    return fault === undefined ? [] : [{ page, line, text: `${link} ${fault}` }]
  })
}

const LOCAL = /^http:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?(?:\/|$)/

function faultOf(page: string, text: string, link: string): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(link)) {
    if (link.startsWith('mailto:') || LOCAL.test(link)) return undefined
    return URL.canParse(link) && link.startsWith('https://') ? undefined : 'is no https address'
  }
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? page : join(dirname(page), decodeURIComponent(path))
  if (!existsSync(join(ROOT, target))) return 'is not there'
  if (anchor === undefined) return undefined
  const anchors = anchorsOf(target === page ? text : readPage(target))
  return anchors.has(anchor) ? undefined : 'is no heading of that page'
}
