import type { Check } from './checks.ts'

/** Known differences from the suite, with reasons. The key is a scenario, or `scenario:check`. */
export type Reasons = ReadonlyMap<string, string>

export interface Verdict {
  readonly scenario: string
  readonly isScored: boolean
  readonly passed: number
  readonly total: number
  /** `explained`: not a full pass, but with a known reason. */
  readonly outcome: 'passes' | 'explained' | 'fails'
  readonly notes: readonly string[]
}

/** The suite adds these to every scenario, and they always succeed: alone they do not make a scenario pass. */
const isWireCheck = ({ id }: Check) => id.startsWith('wire-schema-')

/**
 * Stricter than the suite: a warning is a failure; a skipped check and a scenario without checks need a reason.
 * An unused reason is a failure too, so that the page stays current.
 */
export function judgeScenario(
  scenario: string,
  checks: readonly Check[] | undefined,
  isScored: boolean,
  reasons: Reasons,
): Verdict {
  const reported = (checks ?? []).filter(({ status }) => status !== 'INFO')
  const passed = reported.filter(({ status }) => status === 'SUCCESS').length
  const bad = reported.filter(({ status }) => status !== 'SUCCESS')
  const verdict = { scenario, isScored, passed, total: reported.length }
  const whole = reasons.get(scenario)
  if (whole !== undefined && checks !== undefined) {
    return bad.length > 0
      ? { ...verdict, outcome: 'explained', notes: [whole] }
      : { ...verdict, outcome: 'fails', notes: ['it passes: the reason is out of date'] }
  }
  const isEmpty = reported.every((check) => check.status !== 'SUCCESS' || isWireCheck(check))
  const unexplained = bad.filter(
    ({ id, status }) => status !== 'SKIPPED' || !reasons.has(`${scenario}:${id}`),
  )
  const stale = ofScenario(reasons, scenario).filter((id) => !bad.some((check) => check.id === id))
  const faults = [
    ...(checks === undefined ? ['it was not run'] : []),
    ...(checks !== undefined && isEmpty ? ['nothing was checked'] : []),
    ...unexplained.map(
      ({ id, status, errorMessage }) => `${status} ${id}: ${errorMessage ?? 'no reason given'}`,
    ),
    ...stale.map((id) => `${id} is not skipped: the reason is out of date`),
  ]
  if (faults.length > 0) return { ...verdict, outcome: 'fails', notes: faults }
  const skipped = new Set(bad.map(({ id }) => id))
  const notes = [...skipped].map((id) => `\`${id}\` is skipped: ${reasons.get(`${scenario}:${id}`)}`)
  return { ...verdict, outcome: skipped.size === 0 ? 'passes' : 'explained', notes }
}

const ofScenario = (reasons: Reasons, scenario: string): readonly string[] =>
  [...reasons.keys()].flatMap((key) =>
    key.startsWith(`${scenario}:`) ? [key.slice(scenario.length + 1)] : [],
  )
