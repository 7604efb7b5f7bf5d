import { z } from 'zod'

/** The categories of CHANGELOG.md in their order. The first says what users and clients notice at the deploy. */
export const CATEGORIES = [
  'Ends grants or sessions',
  'Security',
  'Added',
  'Changed',
  'Fixed',
  'Removed',
] as const
const BUMPS = ['patch', 'minor', 'major'] as const

const Head = z.strictObject({ bump: z.enum(BUMPS), category: z.enum(CATEGORIES) })

/** One file in .changeset/: a change that is not released yet. */
export interface Change extends z.infer<typeof Head> {
  readonly text: string
}

const FORM = /^---\n(?<head>[\s\S]*?)\n---\n(?<text>[\s\S]*)$/

export function readChange(file: string, content: string): Change {
  const { head = '', text = '' } = FORM.exec(content)?.groups ?? {}
  const lines = head.split('\n').map((line) => line.split(/: (.*)/).slice(0, 2))
  const read = Head.safeParse(Object.fromEntries(lines))
  if (!read.success) throw new Error(`.changeset/${file}: ${z.prettifyError(read.error)}`)
  if (text.trim() === '') throw new Error(`.changeset/${file}: it says nothing below its second ---`)
  // A client or user that has to act must not meet this in a patch.
  if (read.data.category === 'Ends grants or sessions' && read.data.bump === 'patch')
    throw new Error(`.changeset/${file}: what ends grants or sessions is at least a minor version`)
  return { ...read.data, text: text.trim() }
}

/** The version after these changes. Before 1.0.0 a major change raises the second number. */
export function nextVersion(version: string, changes: readonly Change[]): string {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const largest = Math.max(...changes.map(({ bump }) => BUMPS.indexOf(bump)))
  if (largest === 2 && major > 0) return `${major + 1}.0.0`
  return largest > 0 ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`
}

/** The changes as Markdown, by category. A release always says whether grants or sessions end with it. */
export function renderChanges(changes: readonly Change[]): string {
  const sections = CATEGORIES.map((category) => {
    const items = changes.filter((change) => change.category === category).map(({ text }) => itemOf(text))
    if (items.length === 0) return category === CATEGORIES[0] ? `### ${category}\n\nNone.` : undefined
    return `### ${category}\n\n${items.join('\n')}`
  })
  return sections.filter((section) => section !== undefined).join('\n\n')
}

const itemOf = (text: string) => `- ${text.replaceAll(/\n(?=[^\n])/g, '\n  ')}`

const NEWEST = /^## /m

/** CHANGELOG.md with a new version above the others. */
export function withRelease(
  changelog: string,
  version: string,
  date: string,
  changes: readonly Change[],
): string {
  const at = changelog.search(NEWEST)
  const [before, after] =
    at === -1 ? [`${changelog.trim()}\n\n`, ''] : [changelog.slice(0, at), changelog.slice(at)]
  return `${before}## ${version} (${date})\n\n${renderChanges(changes)}\n\n${after}`.trimEnd() + '\n'
}

const HEADING = /^## (?:\d+\.){2}\d+ \(\d{4}-\d{2}-\d{2}\)$/

/** Headings of CHANGELOG.md that are no dated version and no category. */
export const strangeHeadings = (changelog: string): readonly string[] =>
  [...changelog.matchAll(/^##+ .*$/gm)]
    .map(([heading]) => heading)
    .filter((heading) => !HEADING.test(heading))
    .filter((heading) => !CATEGORIES.some((category) => heading === `### ${category}`))
