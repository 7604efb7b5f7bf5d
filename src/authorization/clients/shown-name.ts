import type { ConsentDescription } from '@cloudflare/workers-oauth-provider'
import { boundedText } from '#lib/bounded-text.ts'
import type { UserNames } from '#users/audit/directory-names.ts'
import type { ShownClient } from '#users/grants/grant.ts'
import type { IdTokenClaims } from '#pingone/claims.ts'

const MAX_NAME_CHARACTERS = 100
/** PingOne's limit. A username that is cut would not be found. */
const MAX_USERNAME_CHARACTERS = 128
/** Longer than any URI in use. A truncated one still shows its host, and is on no list. */
const MAX_URI_CHARACTERS = 1000
// RFC 1035 §2.3.4 plus a port.
const MAX_HOST_CHARACTERS = 260

/** The client's name on our pages. */
export const shownClientName = (name: string): string =>
  boundedText(name, MAX_NAME_CHARACTERS) || 'an app without a name'

// Allows letters with their marks and joiners (boundedText checks those), digits, and signs that names have. DaVinci
// fills `{{…}}`, and does not promise that a designer's HTML screen escapes it.
const NOT_IN_A_FLOW = /[^\p{L}\p{M}\p{N}\p{Join_Control} .,_()+-]/gu
const NOT_IN_A_HOST = /[^\p{L}\p{M}\p{N}.:[\]_-]/gu

/** The client for the screens of the DaVinci flow: plain text, safe in HTML that escapes nothing. */
export const clientInFlow = (client: { clientName: string; redirectHost: string }) => ({
  name: shownClientName(client.clientName.replaceAll(NOT_IN_A_FLOW, ' ')),
  host: boundedText(client.redirectHost.replaceAll(NOT_IN_A_HOST, ''), MAX_HOST_CHARACTERS),
})

/** The user's name in an id token; null if no name has a visible character. */
export const userNameIn = ({ name, given_name, family_name, preferred_username }: IdTokenClaims) =>
  [name, [given_name, family_name].filter(Boolean).join(' '), preferred_username]
    .map((text) => boundedText(text ?? '', MAX_NAME_CHARACTERS))
    .find((text) => text !== '') ?? null

/** Both names of a user in an id token. The username is unique at PingOne; null if the token has no visible one. */
export const userNamesIn = (user: IdTokenClaims): UserNames => ({
  userName: userNameIn(user),
  preferredUsername: boundedText(user.preferred_username ?? '', MAX_USERNAME_CHARACTERS) || null,
})

/** The client as stored with its grant, for the account page. */
export const shownClient = ({ clientName, clientDomain, redirectUri }: ConsentDescription): ShownClient => ({
  name: shownClientName(clientName),
  domain: clientDomain ?? null,
  redirectUri: redirectUri.slice(0, MAX_URI_CHARACTERS),
})
