import { table } from '#harness/table.ts'
import type { Verdict } from './judge.ts'
import type { Run } from './run-conformance.ts'
import type { Suite } from './suite.ts'

const TITLES: Readonly<Record<Run['name'], string>> = {
  '2026-07-28': 'Revision 2026-07-28: the stateless transport',
  '2025-11-25': 'Revision 2025-11-25: the session transport',
  authorization: 'The authorization server',
}
const OUTCOMES: Readonly<Record<Verdict['outcome'], string>> = {
  passes: 'passes',
  explained: 'see below',
  fails: '**FAILS**',
}

const dateLine = (date: string) => `Run on ${date}. `
const DATE = /^Run on \d{4}-\d{2}-\d{2}\. /m

/** The page without its date, for comparing two runs. */
export const withoutDate = (page: string): string => page.replace(DATE, '')

export const hasFailed = (runs: readonly Run[]): boolean =>
  runs.some(({ verdicts }) => verdicts.some(({ outcome }) => outcome === 'fails'))

/** Renders docs/conformance.md and the terminal output. */
export const renderReport = (runs: readonly Run[], { version }: Suite, date: string): string =>
  [
    '<!-- Written by `npm run conformance`. Its reasons are in scripts/conformance/reasons.ts. -->',
    '# Conformance',
    `The official suite, \`@modelcontextprotocol/conformance\` ${version}, against this server.`,
    ['```sh', 'npm run conformance   # ten seconds; exits 1 when anything below is different', '```'].join(
      '\n',
    ),
    METHOD,
    `${dateLine(date)}${summary(runs)}`,
    ...runs.flatMap(section),
  ].join('\n\n') + '\n'

const METHOD = `The routes, the login, the bearer check and both transports are the product's (\`src/\`). A test-only entry
(\`test/conformance/worker/\`) puts the suite's fixtures beside the product's own tools, resources and prompts: as data of
the product's own kinds where these can say it, on the SDK's server of the transport where they cannot (sampling, images,
raw forms, log levels). A user signs in at the emulator, and the suite gets the access token.

What the suite stores is judged here, more strictly than it does itself: a warning is a failure, a check that was skipped
needs a reason, and so does a scenario in which nothing was checked. A reason that is not needed any more is a failure.`

function summary(runs: readonly Run[]): string {
  const counts = runs.map(({ name, verdicts }) => {
    const scored = verdicts.filter(({ isScored }) => isScored)
    const good = scored.filter(({ outcome }) => outcome !== 'fails')
    return name === 'authorization'
      ? `authorization ${sum(scored, 'passed')}/${sum(scored, 'total')} checks`
      : `${name} ${good.length}/${scored.length} required scenarios`
  })
  return `${counts.join(', ')}. ${hasFailed(runs) ? 'Something fails.' : 'No warnings.'}`
}

const sum = (verdicts: readonly Verdict[], field: 'passed' | 'total') =>
  verdicts.reduce((total, verdict) => total + verdict[field], 0)

function section({ name, verdicts }: Run): readonly string[] {
  const [scored, others] = [verdicts.filter((v) => v.isScored), verdicts.filter((v) => !v.isScored)]
  const notes = [...scenariosByNote(verdicts)].map(([note, names]) => `- ${names.join(', ')}: ${note}`)
  return [
    `## ${TITLES[name]}`,
    rows('scenario', scored),
    ...(others.length === 0 ? [] : [rows('run, and not scored by the suite', others)]),
    ...(notes.length === 0 ? [] : [notes.join('\n')]),
  ]
}

/** Several checks may share a reason. */
function scenariosByNote(verdicts: readonly Verdict[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  for (const { scenario, notes } of verdicts) {
    for (const note of notes) found.set(note, [...(found.get(note) ?? []), `\`${scenario}\``])
  }
  return found
}

const rows = (title: string, verdicts: readonly Verdict[]): string =>
  table(
    [title, 'checks', ''],
    verdicts.map(({ scenario, passed, total, outcome }) => [
      scenario,
      `${passed}/${total}`,
      OUTCOMES[outcome],
    ]),
  )
