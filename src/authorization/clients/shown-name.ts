import type { ConsentDescription } from '@cloudflare/workers-oauth-provider'
import { boundedText } from '#lib/bounded-text.ts'
import type { ShownClient } from '#users/grants/grant.ts'
import type { IdTokenClaims } from '#pingone/claims.ts'

const MAX_NAME_CHARACTERS = 100
/** Longer than any that is in use; what was cut is good for its host, and fits no list. */
const MAX_URI_CHARACTERS = 1000
// RFC 1035 §2.3.4, and a port.
const MAX_HOST_CHARACTERS = 260

/** The name that a client gave itself, as our page shows it; a neutral word where nothing visible is left of it. */
export const shownClientName = (name: string): string =>
  boundedText(name, MAX_NAME_CHARACTERS) || 'an app without a name'

// Letters with their marks and joiners (which boundedText judges), digits, and the signs that names are made of. DaVinci fills `{{…}}`, and promises nothing
// about how a screen that a designer wrote in HTML escapes what it shows.
const NOT_IN_A_FLOW = /[^\p{L}\p{M}\p{N}\p{Join_Control} .,_()+-]/gu
const NOT_IN_A_HOST = /[^\p{L}\p{M}\p{N}.:[\]_-]/gu

/** Who asks, as the screens of the DaVinci flow may show it: plain text only, whatever the screen does with it. */
export const clientInFlow = (client: { clientName: string; redirectHost: string }) => ({
  name:
    boundedText(client.clientName.replaceAll(NOT_IN_A_FLOW, ' '), MAX_NAME_CHARACTERS) ||
    'an app without a name',
  host: boundedText(client.redirectHost.replaceAll(NOT_IN_A_HOST, ''), MAX_HOST_CHARACTERS),
})

/** The user's name as PingOne says it; null where nothing visible is left of any. */
const shownUserName = (...names: readonly (string | undefined)[]): string | null =>
  names.map((name) => boundedText(name ?? '', MAX_NAME_CHARACTERS)).find((name) => name !== '') ?? null

export const userNameIn = ({ name, given_name, family_name, preferred_username }: IdTokenClaims) =>
  shownUserName(name, [given_name, family_name].filter(Boolean).join(' '), preferred_username)

/** What of a client is kept with the grant, for the page where the user sees it again. */
export const shownClient = ({ clientName, clientDomain, redirectUri }: ConsentDescription): ShownClient => ({
  name: shownClientName(clientName),
  domain: clientDomain ?? null,
  redirectUri: redirectUri.slice(0, MAX_URI_CHARACTERS),
})
