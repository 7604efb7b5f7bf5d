import { expect, test } from 'vitest'
import { isTimeZone, wallClock } from '#policy/clock.ts'
import { ConditionCompiler } from '#policy/condition.ts'
import { factsOf } from '#policy/facts.ts'
import { policyOf, question, rule } from './support.ts'

function holdsAt(source: string, time: string): boolean | 'failed' {
  const condition = new ConditionCompiler().compile(source)
  if (!condition.ok) throw new Error(condition.error.join('\n'))
  return condition.value.holds(factsOf(question({ nowMs: Date.parse(time) })))
}

const wall = (time: string, zone: string) =>
  wallClock(Date.parse(time), zone).toISOString().replace('.000Z', '')

test.each([
  ['2026-01-15T12:00:00Z', 'Europe/Berlin', '2026-01-15T13:00:00'],
  ['2026-07-15T12:00:00Z', 'Europe/Berlin', '2026-07-15T14:00:00'],
  // Clocks go forward at 01:00 UTC, and back at 01:00 UTC.
  ['2026-03-29T00:59:59Z', 'Europe/Berlin', '2026-03-29T01:59:59'],
  ['2026-03-29T01:00:00Z', 'Europe/Berlin', '2026-03-29T03:00:00'],
  ['2026-10-25T00:59:59Z', 'Europe/Berlin', '2026-10-25T02:59:59'],
  ['2026-10-25T01:00:00Z', 'Europe/Berlin', '2026-10-25T02:00:00'],
  ['2026-11-30T09:30:00Z', 'America/New_York', '2026-11-30T04:30:00'],
  ['2026-11-30T09:30:00Z', 'Asia/Kathmandu', '2026-11-30T15:15:00'],
  ['2026-11-30T20:00:00Z', 'Pacific/Auckland', '2026-12-01T09:00:00'],
  ['2026-12-31T23:59:59Z', 'UTC', '2026-12-31T23:59:59'],
  ['2026-11-30T00:00:00Z', 'Europe/London', '2026-11-30T00:00:00'],
])('at %s the clock in %s reads %s', (time, zone, expected) => {
  expect(wall(time, zone)).toBe(expected)
})

test('the offset of one quarter hour is not used for another, and not for another zone', () => {
  const times = ['2026-03-29T00:59:00Z', '2026-03-29T01:00:00Z', '2026-03-29T00:59:00Z']
  expect(times.map((time) => wall(time, 'Europe/Paris').slice(11, 16))).toEqual(['01:59', '03:00', '01:59'])
  expect(wall('2026-03-29T01:00:00Z', 'America/Denver').slice(11, 16)).toBe('19:00')
})

test('more zones than are kept are read as well', () => {
  const zones = Intl.supportedValuesOf('timeZone').slice(0, 150)
  const read = () => zones.map((zone) => wall('2026-11-30T09:30:00Z', zone))
  const first = read()
  expect(new Set(first).size).toBeGreaterThan(10)
  expect(read()).toEqual(first)
})

test.each(['Europe/Berlin', 'UTC', 'America/Argentina/Buenos_Aires'])('%s is a time zone', (name) => {
  expect(isTimeZone(name)).toBe(true)
})

test.each(['Berlin', 'Europe', '', 'CEST'])('"%s" is no time zone', (name) => {
  expect(isTimeZone(name)).toBe(false)
})

test.each([
  ['now.getFullYear() == 2026', true],
  ['now.getMonth() == 10', true],
  ['now.getDate() == 29', true],
  ['now.getDayOfMonth() == 28', true],
  ['now.getDayOfYear() == 332', true],
  ['now.getDayOfWeek() == 0', true],
  ['now.getHours() == 23', true],
  ['now.getMinutes() == 30', true],
  ['now.getSeconds() == 15', true],
  ['now.getDayOfWeek("Europe/Berlin") == 1', true],
  ['now.getHours("Europe/Berlin") == 0', true],
  ['now.getHours("Asia/Kathmandu") == 5', true],
  ['now.getMinutes("Asia/Kathmandu") == 15', true],
  ['now.getDate("Europe/Berlin") == 30', true],
  ['now.getDayOfYear("Europe/Berlin") == 333', true],
  ['now.getHours("America/New_York") >= 8 && now.getHours("America/New_York") < 18', false],
  ['now < timestamp("2026-11-29T23:30:16Z")', true],
  ['now < timestamp("2026-11-29T23:30:15Z")', false],
  ['now <= timestamp("2026-11-29T23:30:15Z")', true],
  ['now > timestamp("2026-11-29T23:30:14Z")', true],
  ['now > timestamp("2026-11-29T23:30:15Z")', false],
  ['now >= timestamp("2026-11-29T23:30:15Z")', true],
  ['now == timestamp("2026-11-30T00:30:15+01:00")', true],
  ['now != timestamp("2026-11-30T00:30:15+01:00")', false],
  ['timestamp("2026-11-29T23:30:14Z") < now', true],
  ['timestamp("2026-11-29T23:30:15Z") < now', false],
  ['timestamp("2026-11-29T23:30:15Z") <= now', true],
  ['timestamp("2026-11-29T23:30:16Z") > now', true],
  ['timestamp("2026-11-29T23:30:15Z") > now', false],
  ['timestamp("2026-11-29T23:30:15Z") >= now', true],
  ['timestamp("2026-11-29T23:30:15.000Z") == now', true],
  ['now - timestamp("2026-11-29T22:30:15Z") == duration("1h")', true],
  ['timestamp("2026-11-30T00:30:15Z") - now == duration("1h")', true],
  ['now + duration("45m") > timestamp("2026-11-30T00:15:14Z")', true],
  ['now + duration("45m") > timestamp("2026-11-30T00:15:15Z")', false],
  ['now - duration("15s") == timestamp("2026-11-29T23:30:00Z")', true],
  ['(now - timestamp("2026-11-29T20:30:15Z")).getHours() == 3', true],
  ['timestamp("2026-11-29T20:30:15Z").getHours() == 20', true],
  ['timestamp(1) < now', true],
])('at 23:30:15 UTC of a Sunday, %s is %s', (source, expected) => {
  expect(holdsAt(source, '2026-11-29T23:30:15Z')).toBe(expected)
})

test('a time in an argument compares with now', async () => {
  const policy = await policyOf([rule('past', { if: 'timestamp(args.due) < now' })])
  const effectOf = (due: string) => policy.decide(question({ args: { due } })).effect
  expect(effectOf('2026-11-30T09:29:59Z')).toBe('deny')
  expect(effectOf('2026-11-30T10:29:59+01:00')).toBe('deny')
  expect(effectOf('2026-11-30T09:30:01Z')).toBe('allow')
  expect(effectOf('tomorrow')).toBe('deny')
})

const OFFICE_HOURS =
  'now.getDayOfWeek("Europe/Berlin") in [0, 6] || ' +
  'now.getHours("Europe/Berlin") < 9 || now.getHours("Europe/Berlin") >= 17'
const OPEN_HOURS = 'now.getHours("Europe/Berlin") >= 9 && now.getHours("Europe/Berlin") < 17'
const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString().slice(0, 16))
const at = (text: string) => question({ nowMs: Date.parse(text) })

test.each([
  ['2026-11-30T18:07:00Z', '2026-12-01T08:00'],
  ['2026-11-30T07:59:59Z', '2026-11-30T08:00'],
  // From Friday evening to Monday.
  ['2026-12-04T16:00:00Z', '2026-12-07T08:00'],
  // Over the change of clocks.
  ['2026-10-23T15:30:00Z', '2026-10-26T08:00'],
])('what office hours deny at %s opens at %s', async (now, expected) => {
  const policy = await policyOf([rule('office-hours', { if: OFFICE_HOURS })])
  expect(policy.decide(at(now)).effect).toBe('deny')
  expect(time(policy.opensAtMs(at(now)))).toBe(expected)
})

test('what is allowed is open now', async () => {
  const policy = await policyOf([rule('office-hours', { if: OFFICE_HOURS })])
  const now = at('2026-11-30T12:00:00Z')
  expect(policy.opensAtMs(now)).toBe(now.nowMs)
  expect((await policyOf([])).opensAtMs(now)).toBe(now.nowMs)
})

test('what only some hours allow opens with them', async () => {
  const policy = await policyOf([rule('day', { effect: 'allow', if: OPEN_HOURS })], { default: 'deny' })
  expect(time(policy.opensAtMs(at('2026-11-30T18:07:00Z')))).toBe('2026-12-01T08:00')
})

test('it opens when every rule lets it through', async () => {
  const policy = await policyOf([
    rule('night', { if: 'now.getHours() < 8' }),
    rule('maintenance', { if: 'now < timestamp("2026-11-30T09:20:30Z")' }),
    rule('odd', { if: 'now.getHours() == 9' }),
  ])
  expect(time(policy.opensAtMs(at('2026-11-30T05:00:00Z')))).toBe('2026-11-30T10:00')
})

test.each([
  ['now < timestamp("2026-11-30T09:20:00Z")', '2026-11-30T09:20'],
  ['now <= timestamp("2026-11-30T09:20:00Z")', '2026-11-30T09:21'],
  ['now < timestamp("2026-11-30T09:20:30Z")', '2026-11-30T09:21'],
  ['timestamp("2026-11-30T09:20:00Z") > now', '2026-11-30T09:20'],
  ['now.getMinutes() < 7', '2026-11-30T05:07'],
  ['now - timestamp("2026-11-30T04:00:00Z") < duration("67m")', '2026-11-30T05:07'],
  ['now < timestamp(args.until)', '2026-11-30T05:03'],
  ['now.getHours() == 5 && args.until != ""', '2026-11-30T06:00'],
])('what %s denies opens to the minute', async (source, expected) => {
  const policy = await policyOf([rule('one', { if: source })])
  const args = { until: '2026-11-30T05:02:30Z' }
  expect(time(policy.opensAtMs({ ...at('2026-11-30T05:00:30Z'), args }))).toBe(expected)
})

test('it is looked eight days ahead', async () => {
  const until = (text: string) => policyOf([rule('one', { if: `now < timestamp("${text}")` })])
  const now = at('2026-11-30T05:00:00Z')
  expect(time((await until('2026-12-08T05:00:00Z')).opensAtMs(now))).toBe('2026-12-08T05:00')
  expect((await until('2026-12-08T05:00:01Z')).opensAtMs(now)).toBeNull()
  expect((await until('2027-12-08T05:00:00Z')).opensAtMs(now)).toBeNull()
})

test.each([
  ['a rule without a time', [rule('one'), rule('two', { if: 'now.getHours() < 8' })], 'allow'],
  ['a default that no time changes', [rule('one', { if: 'now.getHours() < 8' })], 'deny'],
  [
    'an allow for others',
    [rule('one', { effect: 'allow', who: [{ user: 'x' }], if: 'now.getHours() > 8' })],
    'deny',
  ],
  [
    'an allow in shadow',
    [rule('one', { effect: 'allow', mode: 'shadow', if: 'now.getHours() > 8' })],
    'deny',
  ],
  [
    'a rule about arguments',
    [rule('one', { if: 'args.x == 1' }), rule('two', { if: 'now.getHours() < 8' })],
    'allow',
  ],
])('%s does not open by waiting', async (_, rules, fallback) => {
  const policy = await policyOf(rules, { default: fallback })
  expect(policy.opensAtMs({ ...at('2026-11-30T05:00:00Z'), args: { x: 1n } })).toBeNull()
})

test('an allow that reads no time and a deny that does open together', async () => {
  const policy = await policyOf(
    [rule('one', { effect: 'allow', who: [{ group: 'staff' }] }), rule('two', { if: 'now.getHours() < 8' })],
    { default: 'deny' },
  )
  expect(time(policy.opensAtMs(at('2026-11-30T05:00:00Z')))).toBe('2026-11-30T08:00')
})

test('a search that would take too many evaluations ends', async () => {
  const rules = Array.from({ length: 30 }, (_, at) =>
    rule(`r${at}`, {
      effect: 'allow',
      if: `now > timestamp("2026-12-07T00:00:00Z") && now.getMinutes() == ${at}`,
    }),
  )
  const policy = await policyOf(rules, { default: 'deny' })
  expect(policy.opensAtMs(at('2026-11-30T05:00:00Z'))).toBeNull()
  expect(time(policy.opensAtMs(at('2026-12-06T23:30:00Z')))).toBe('2026-12-07T00:01')
})

// By the quarter hour this takes 20 × 672 evaluations; by the minute it would take more than are made.
test.each([
  'now.getDayOfYear() == 340 && now.getHours() == AT',
  'now > timestamp("2026-12-07T0AT:00:00Z")',
  'timestamp("2026-12-07T0AT:00:00Z") <= now',
  'now.getDate("UTC") == 7 && now.getDayOfWeek() == 1 && now.getHours() >= AT',
])('a time that changes by the hour is looked for by the quarter hour: %s', async (source) => {
  const rules = Array.from({ length: 20 }, (_, index) =>
    rule(`r${index}`, { effect: 'allow', if: source.replace('AT', String((index % 5) + 3)) }),
  )
  const policy = await policyOf(rules, { default: 'deny' })
  const opens = policy.opensAtMs(at('2026-11-30T03:00:00Z'))
  expect(time(opens)?.slice(0, 13)).toBe('2026-12-07T03')
})
