import type { Admission } from '#authorization/clients/admission.ts'
import { shownClientName } from '#authorization/clients/shown-name.ts'
import type { Config } from '#config.ts'
import { isLoopbackHost } from '#lib/addresses.ts'
import { AUDIT_READ } from '#lib/roles.ts'
import type { AccountClient, Moment } from '#pages/account-clients.tsx'
import { auditScopeWords } from '#pages/connect-words.tsx'
import type { AskedScope } from '#pages/consent-page.tsx'
import type { Grant } from '#users/grants/grant.ts'

/** The scopes with their sentences, those of the server itself too. */
export const shownScopes = (
  scopes: readonly string[],
  { config }: { config: Pick<Config, 'api'> },
): AskedScope[] =>
  [...config.api.scopes, { value: AUDIT_READ, ...auditScopeWords }].filter(({ value }) =>
    scopes.includes(value),
  )

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
