/*
 * `now` in a condition. The library's own timestamps read a time zone through the zone of the process and build a
 * formatter at each call; this type reads any zone exactly, everywhere the same, and keeps the offset of a quarter hour.
 */

/** A point in time, in milliseconds since the epoch. */
export class Moment {
  readonly #ms: number
  constructor(ms: number) {
    this.#ms = ms
  }
  get ms(): number {
    return this.#ms
  }
}

/** Offsets of all zones in use change at multiples of this. */
export const QUARTER_MS = 15 * 60_000
export const MINUTE_MS = 60_000

/** What a condition can ask of a time, as CEL counts: months, days of the year and `getDayOfMonth` from 0, Sunday is 0. */
export const CLOCK_FIELDS: ReadonlyMap<string, (wall: Date) => number> = new Map([
  ['getFullYear', (wall) => wall.getUTCFullYear()],
  ['getMonth', (wall) => wall.getUTCMonth()],
  ['getDate', (wall) => wall.getUTCDate()],
  ['getDayOfMonth', (wall) => wall.getUTCDate() - 1],
  ['getDayOfWeek', (wall) => wall.getUTCDay()],
  [
    'getDayOfYear',
    (wall) => Math.floor((wall.getTime() - Date.UTC(wall.getUTCFullYear(), 0, 1)) / (24 * 60 * MINUTE_MS)),
  ],
  ['getHours', (wall) => wall.getUTCHours()],
  ['getMinutes', (wall) => wall.getUTCMinutes()],
  ['getSeconds', (wall) => wall.getUTCSeconds()],
])

/** The fields that stay the same within a quarter hour, in every zone. */
export const COARSE_FIELDS: ReadonlySet<string> = new Set(
  [...CLOCK_FIELDS.keys()].filter((field) => field !== 'getMinutes' && field !== 'getSeconds'),
)

/** Whether a name is a time zone, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    wallClock(0, name)
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** A date whose UTC fields are those of the clock on the wall. Throws for what is no time zone. */
export const wallClock = (ms: number, zone: string): Date => new Date(ms + offsetMs(ms, zone))

interface Zone {
  readonly format: Intl.DateTimeFormat
  /** The quarter hour whose offset is known. */
  quarter: number
  offsetMs: number
}

const MOST_ZONES = 100
const zones = new Map<string, Zone>()

function offsetMs(ms: number, name: string): number {
  const zone = zones.get(name) ?? openZone(name)
  const quarter = Math.floor(ms / QUARTER_MS)
  if (zone.quarter !== quarter) {
    zone.offsetMs = offsetAt(zone.format, quarter * QUARTER_MS)
    zone.quarter = quarter
  }
  return zone.offsetMs
}

function openZone(name: string): Zone {
  const numeric = 'numeric'
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  })
  const zone = { format, quarter: NaN, offsetMs: 0 }
  if (zones.size >= MOST_ZONES) zones.clear()
  zones.set(name, zone)
  return zone
}

function offsetAt(format: Intl.DateTimeFormat, ms: number): number {
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? NaN
  const wallMs = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  )
  return wallMs - ms
}
