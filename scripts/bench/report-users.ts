import type { GrantEnds } from './ends.ts'
import type { Figures } from './figures.ts'
import type { Rates } from './one-user.ts'
import { median } from './statistics.ts'
import { table } from './table.ts'

/** What many people, one busy person and an ended grant are like. */
export const peopleTables = (figures: Figures): readonly string[] => [
  manyTable(figures),
  rateTable(figures),
  stormTable(figures),
  endTable(figures),
]

function manyTable({ manyPeople }: Figures): string {
  const { people, few, fewRounds, manyRounds, ratio, wokenMs, wokenRatio } = manyPeople
  return table(
    ['listTodos, stateless, one after the other', 'p50 ms', 'ratio'],
    [
      [`${few} people, in turn`, median(fewRounds).toFixed(2), '1'],
      [`${people} people, in turn`, median(manyRounds).toFixed(2), ratio.toFixed(2)],
      ['the first call after idle seconds (not in memory)', wokenMs.toFixed(2), wokenRatio.toFixed(2)],
    ],
  )
}

function rateTable({ onePerson: { callers, stateless, stateful } }: Figures): string {
  const row = (lane: string, { one, each }: Rates) => [
    lane,
    one.toFixed(0),
    each.toFixed(0),
    (one / each).toFixed(2),
  ]
  return table(
    [`${callers} callers at once, calls/s`, 'all of one person', 'each a person', 'ratio'],
    [row('stateless', stateless), row('stateful, a session each', stateful)],
  )
}

function stormTable({ onePerson: { storm } }: Figures): string {
  const { callers, aloneRounds, oneRounds, eachRounds, bareRounds, rates, ratioToAlone } = storm
  return table(
    ["another person's listTodos", 'p50 ms', 'calls/s of the storm', 'ratio'],
    [
      ['nobody else calls', median(aloneRounds).toFixed(2), '', '1'],
      [
        `${callers} callers of one person`,
        median(oneRounds).toFixed(2),
        rates.one.toFixed(0),
        ratioToAlone.toFixed(2),
      ],
      [
        `control: ${callers} people, a caller each`,
        median(eachRounds).toFixed(2),
        rates.each.toFixed(0),
        (median(eachRounds) / median(aloneRounds)).toFixed(2),
      ],
      [
        `control: ${callers} callers of the bare Worker`,
        median(bareRounds).toFixed(2),
        rates.bare.toFixed(0),
        (median(bareRounds) / median(aloneRounds)).toFixed(2),
      ],
    ],
  )
}

function endTable({ ends: { revoked, pingone } }: Figures): string {
  const rows = (name: string, end: GrantEnds) =>
    (['stateless', 'stateful'] as const).map((lane) => {
      const { firstRefusalMs, worstMs, callMs, ratio } = end[lane]
      const after = `${end.succeededAfter} of ${end.callsAfter}`
      return [
        `${name}, ${lane}`,
        firstRefusalMs.toFixed(2),
        worstMs.toFixed(1),
        callMs.toFixed(2),
        ratio.toFixed(2),
        after,
      ]
    })
  return table(
    ['from the end to the first 401', 'p50 ms', 'worst ms', 'a plain call ms', 'ratio', 'succeeded after it'],
    [
      ...rows(`revoked by the client (answered in ${revoked.answerMs.toFixed(2)} ms)`, revoked),
      ...rows('ended at PingOne, found by a call', pingone),
    ],
  )
}
