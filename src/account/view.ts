import type { Admission } from '#authorization/clients/admission.ts'
import { shownClientName } from '#authorization/clients/shown-name.ts'
import { isLoopbackHost } from '#lib/addresses.ts'
import type { AccountClient, Moment } from '#pages/account-page.tsx'
import type { EndReason, Grant } from '#users/grants/grant.ts'

/** The client as the consent page showed it. An old grant stored only its `client_id`. */
export function clientOf(
  { client, shown }: Pick<Grant, 'client' | 'shown'>,
  { admission }: { admission: Admission },
): AccountClient {
  if (shown === null) {
    const domain = URL.canParse(client) ? new URL(client).hostname : null
    return { name: shownClientName(client), domain, label: null, redirectHost: null, isLocalApp: false }
  }
  const { name, domain, redirectUri } = shown
  // The label comes from today's list, not from the one at consent.
  const label = admission.labelOf(client, redirectUri)
  if (!URL.canParse(redirectUri)) return { name, domain, label, redirectHost: null, isLocalApp: false }
  const { hostname, protocol } = new URL(redirectUri)
  return {
    name,
    domain,
    label,
    redirectHost: hostname === '' ? protocol : hostname,
    isLocalApp: isLoopbackHost(hostname),
  }
}

// The server does not know the user's time zone, so the text names UTC.
const FORMAT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

export function momentOf(seconds: number): Moment {
  const date = new Date(seconds * 1000)
  return { iso: date.toISOString(), text: `${FORMAT.format(date)} UTC` }
}

/** The time of use is stored at most once an hour (users/grants/grant-table.ts). */
const USED_STEP_SECONDS = 3600

export const usedMoment = (seconds: number, nowSeconds: number): Moment => {
  const moment = momentOf(seconds)
  return nowSeconds - seconds < USED_STEP_SECONDS ? { ...moment, text: 'within the last hour' } : moment
}

/** Why a grant ended, for its user. */
export const endSentence = (reason: EndReason): string => END_SENTENCES[reason]

const END_SENTENCES: Record<EndReason, string> = {
  revoked_by_client: 'The app gave it back itself.',
  code_reused: 'The app’s sign-in was presented a second time, so it was ended to be safe.',
  code_not_redeemed: 'The app never picked it up.',
  refresh_reused:
    'An old key of the app was presented again, which can be theft, so it was ended to be safe.',
  pingone_ended: 'Your session at PingOne was over.',
  downstream_expired: 'PingOne gave it for a short time only, and that ran out.',
  idle: 'The app did not use it for too long.',
  too_old: 'It reached the longest time that an access may last here.',
  refreshed_too_often: 'The app renewed it more often than one access may be renewed.',
  cap: 'You had too many: of the same app, or else of all, this one was unused the longest.',
  key_retired: 'This server no longer uses the key that it was kept under.',
  ended_by_user: 'You ended it.',
  ended_by_operator: 'The operator of this server ended it.',
  blocked: 'The operator of this server blocked you.',
}
