import { expect, test } from 'vitest'
import type { Check } from '../../../scripts/conformance/checks.ts'
import { judgeScenario } from '../../../scripts/conformance/judge.ts'
import { renderReport, withoutDate } from '../../../scripts/conformance/report.ts'
import { findSuite, readRequirements, REVISIONS } from '../../../scripts/conformance/suite.ts'

const check = (status: Check['status'], id = 'a-check'): Check => ({
  id,
  name: id,
  status,
  errorMessage: 'why',
})
const judge = (checks: readonly Check[] | undefined, reasons: readonly (readonly [string, string])[] = []) =>
  judgeScenario('a-scenario', checks, true, new Map(reasons))

test.for(['FAILURE', 'WARNING', 'SKIPPED'] as const)(
  'one %s among successes fails the scenario',
  (status) => {
    const { outcome, notes, passed, total } = judge([check('SUCCESS'), check(status, 'another')])
    expect({ outcome, notes, passed, total }).toEqual({
      outcome: 'fails',
      notes: [`${status} another: why`],
      passed: 1,
      total: 2,
    })
  },
)

test('a scenario passes by its own checks only: none, facts, or well-formed answers are not enough', () => {
  expect(judge([check('SUCCESS')]).outcome).toBe('passes')
  expect(judge([check('SUCCESS'), check('INFO', 'fact')])).toMatchObject({ outcome: 'passes', total: 1 })
  const wellFormed = check('SUCCESS', 'wire-schema-valid')
  for (const empty of [[], [check('INFO')], [wellFormed]]) {
    expect(judge(empty)).toMatchObject({ outcome: 'fails', notes: ['nothing was checked'] })
  }
  expect(judge(undefined)).toMatchObject({ outcome: 'fails', notes: ['it was not run'] })
  expect(judge(undefined, [['a-scenario', 'because']]).outcome).toBe('fails')
})

test('a reason explains a skipped check, never a failed one', () => {
  const reasons = [['a-scenario:another', 'because']] as const
  expect(judge([check('SUCCESS'), check('SKIPPED', 'another')], reasons)).toMatchObject({
    outcome: 'explained',
    notes: ['`another` is skipped: because'],
  })
  expect(judge([check('SUCCESS'), check('WARNING', 'another')], reasons).outcome).toBe('fails')
})

test('a reason for a whole scenario explains it, and fails it as soon as it passes', () => {
  const reasons = [['a-scenario', 'because']] as const
  expect(judge([check('FAILURE')], reasons)).toMatchObject({ outcome: 'explained', notes: ['because'] })
  expect(judge([check('SUCCESS')], reasons).outcome).toBe('fails')
  expect(judge([check('SUCCESS')], [['a-scenario:gone', 'because']]).outcome).toBe('fails')
})

test('the suite is the pinned one, and its required sets are those that were frozen', () => {
  const suite = findSuite()
  expect(suite.version).toBe('0.2.0-alpha.12')
  expect(REVISIONS.map((revision) => readRequirements(suite, revision).scored.length)).toEqual([37, 30])
  expect(readRequirements(suite, '2025-11-25').notScored.get('server-sse-polling')).toBe('pending')
})

test('two pages of different days are the same without the day, and with another finding they are not', () => {
  const page = (date: string, checks: readonly Check[]) =>
    withoutDate(renderReport([{ name: '2026-07-28', verdicts: [judge(checks)] }], findSuite(), date))
  expect(page('2026-11-21', [check('SUCCESS')])).toBe(page('2027-01-02', [check('SUCCESS')]))
  expect(page('2026-11-21', [check('FAILURE')])).not.toBe(page('2026-11-21', [check('SUCCESS')]))
})
