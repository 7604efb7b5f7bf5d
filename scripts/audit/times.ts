import { StartProblem } from '#harness/local/start-problem.ts'

export const TIME_FORMS =
  'Times are UTC: 2026-05-01, 2026-05-01T14:00, 2026-05-01T14:00:00+02:00, 14:00 (today), today, yesterday, "yesterday 14:00", now, "2h ago" (m, h, d or w).'

const DAY_MS = 86_400_000
const UNIT_MS = { m: 60_000, h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS } as const

const AGO = /^(\d{1,6}) ?([mhdw])(?: ago)?$/
const OF_DAY = /^(?:(today|yesterday) ?)?(?:(\d{1,2}):(\d{2}))?$/
const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/

/** The milliseconds of a time as a person writes it. A date or a time without a zone is UTC. */
export function readTime(name: string, text: string, nowMs: number): number {
  const given = text.trim()
  const ms = given === 'now' ? nowMs : (agoMs(given, nowMs) ?? ofDayMs(given, nowMs) ?? isoMs(given))
  if (ms === null || ms < 0)
    throw new StartProblem(`--${name} ${JSON.stringify(text)} is no time. ${TIME_FORMS}`)
  return ms
}

function agoMs(text: string, nowMs: number): number | null {
  const [, count, unit] = AGO.exec(text) ?? []
  if (unit !== 'm' && unit !== 'h' && unit !== 'd' && unit !== 'w') return null
  return nowMs - Number(count) * UNIT_MS[unit]
}

function ofDayMs(text: string, nowMs: number): number | null {
  const match = text === '' ? null : OF_DAY.exec(text)
  if (match === null) return null
  const [, day = 'today', hours = '0', minutes = '0'] = match
  if (Number(hours) > 23 || Number(minutes) > 59) return null
  const midnight = Math.floor(nowMs / DAY_MS) * DAY_MS - (day === 'yesterday' ? DAY_MS : 0)
  return midnight + Number(hours) * UNIT_MS.h + Number(minutes) * UNIT_MS.m
}

function isoMs(text: string): number | null {
  const match = ISO.exec(text)
  if (match === null) return null
  const hasTime = text.length > 10
  const ms = Date.parse(
    hasTime && match[1] === undefined ? `${text.replace(' ', 'T')}Z` : text.replace(' ', 'T'),
  )
  if (Number.isNaN(ms)) return null
  // V8 takes the 31st of February for a day of March.
  const [, , day = ''] = text.slice(0, 10).split('-')
  return new Date(Date.parse(text.slice(0, 10))).getUTCDate() === Number(day) ? ms : null
}

/** Shows a stored time. Without a zone it is UTC, as it is stored. */
export type ShowTime = (at: string) => string

/** Shows times in a zone with their offset, so that the hour that a summer-time change repeats is not ambiguous. */
export function showTimesIn(zone: string | undefined): ShowTime {
  if (zone === undefined) return (at) => at
  const format = zoneFormat(zone)
  return (at) => {
    const ms = Date.parse(at)
    if (Number.isNaN(ms)) return at
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, value]))
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? ''
    const offset = part('timeZoneName').replace('GMT', '') || '+00:00'
    const time = `${part('hour')}:${part('minute')}:${part('second')}.${part('fractionalSecond')}`
    return `${part('year')}-${part('month')}-${part('day')}T${time}${offset}`
  }
}

function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  const two = '2-digit'
  try {
    return new Intl.DateTimeFormat('en', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
      fractionalSecondDigits: 3,
      timeZoneName: 'longOffset',
    })
  } catch {
    throw new StartProblem(
      `--tz ${JSON.stringify(timeZone)} is no time zone. Accepted are names such as Europe/Berlin, America/New_York or UTC.`,
    )
  }
}
