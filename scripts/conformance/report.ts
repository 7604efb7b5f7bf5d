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
    [
      '```sh',
      'npm run conformance   # ten seconds; exits 1 on any difference from the page below',
      '```',
    ].join('\n'),
    METHOD,
    `${dateLine(date)}${summary(runs)}`,
    ...runs.flatMap(section),
  ].join('\n\n') + '\n'

const METHOD = `Routes, login, bearer check and both transports are those of the product (\`src/\`). A test-only entry
(\`test/conformance/worker/\`) adds the suite's fixtures to the product's tools, resources and prompts. Fixtures are data of the
product's kinds where possible; the others (sampling, images, raw forms, log levels) are registered with the transport's SDK server.
A user signs in at the emulator, and the suite gets the access token.

This repository judges the suite's results more strictly than the suite: a warning is a failure, and a skipped check or a
scenario without checks needs a reason. A reason that is no longer needed is a failure too.`

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
    ...(others.length === 0 ? [] : [rows('run, but not scored by the suite', others)]),
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
