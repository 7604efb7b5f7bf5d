import type { Moment } from '#pages/account-page.tsx'

// Without JavaScript nobody knows where the user is, so the time says which one it is.
const FORMAT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

export function momentOf(seconds: number): Moment {
  const date = new Date(seconds * 1000)
  return { iso: date.toISOString(), text: `${FORMAT.format(date)} UTC` }
}

/** The User notes a use once an hour at most (users/grants/grant-table.ts), so nothing more exact is true. */
const USED_STEP_SECONDS = 3600

export const usedMoment = (seconds: number, nowSeconds: number): Moment => {
  const moment = momentOf(seconds)
  return nowSeconds - seconds < USED_STEP_SECONDS ? { ...moment, text: 'within the last hour' } : moment
}
