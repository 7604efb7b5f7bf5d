import { expect, test } from 'vitest'
import { MOST_OVERLAPS } from '#policy/lint-pairs.ts'
import { found, tool, USER } from './shelf.ts'
import { rule } from './support.ts'

test.each([
  [
    'a stronger one',
    { effect: 'hide' },
    'it never matters: rule wide (hide) is stronger wherever it matches',
  ],
  ['an equal one', {}, 'it never matters: rule wide decides the same wherever it matches'],
])('a rule that is wholly covered by %s is an error, which says by which', (_what, over, message) => {
  const narrow = rule('narrow', { ...tool('lendBook'), who: [{ group: 'staff' }], if: 'args.days > 7' })
  const wide = rule('wide', { what: { kind: 'tool', name: { glob: '*Book' } }, ...over })
  expect(found([narrow, wide])).toEqual([`error narrow covered: ${message}`])
})

test('of two equal rules, the later one is covered', () => {
  expect(found([rule('a', tool('lendBook')), rule('b', tool('lendBook'))])).toEqual([
    'error b covered: it never matters: rule a decides the same wherever it matches',
  ])
})

test.each([
  ['it has a condition', { if: 'client.kind == "document"' }],
  ['it means fewer users', { who: [{ group: 'staff' }] }],
  ['it is about fewer names', { what: { kind: 'tool', name: 'dropBook' } }],
  ['it is about less that writes', { what: { kind: 'tool', writes: false } }],
  ['it is about another app', { app: 'server' }],
  ['it is weaker', { effect: 'allow' }],
  ['it enforces nothing', { mode: 'shadow' }],
])('a rule covers no other if %s', (_why, over) => {
  const lines = found([rule('wide', { what: { kind: 'tool' }, ...over }), rule('narrow', tool('lendBook'))])
  expect(lines.filter((line) => line.includes('covered'))).toEqual([])
})

test('two effects on one subject are a warning that names the winner', () => {
  const rules = [
    rule('reading', { what: { kind: 'any', writes: false }, effect: 'allow', who: [{ group: 'staff' }] }),
    rule('far', { what: { kind: 'tool', name: 'listBooks' }, if: 'request.network != "192.0.2.0/24"' }),
  ]
  expect(found(rules)).toEqual([
    'warning reading overlap: where rule far matches too, its deny wins over this allow',
  ])
})

test('rules for two users do not overlap', () => {
  const other = `${USER.slice(0, -1)}B`
  const rules = [
    rule('one', { ...tool('lendBook'), who: [{ user: USER }], effect: 'allow' }),
    rule('other', { ...tool('lendBook'), who: [{ user: other }] }),
  ]
  expect(found(rules)).toEqual([])
})

test('the list of overlaps is bounded, and says how many more there are', () => {
  const rules = Array.from({ length: 10 }, (_none, at) => [
    rule(`allow-${at}`, { ...tool('lendBook'), effect: 'allow', if: `args.days == ${at}` }),
    rule(`deny-${at}`, { ...tool('lendBook'), if: `args.id == "${at}"` }),
  ]).flat()
  const lines = found(rules)
  expect(lines).toHaveLength(MOST_OVERLAPS + 1)
  expect(lines.at(-1)).toContain('and 80 more pairs of rules overlap')
})
