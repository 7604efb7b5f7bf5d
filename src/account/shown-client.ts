import { shownClientName } from '#authorization/clients/shown-name.ts'
import { isLoopbackHost } from '#lib/addresses.ts'
import type { AccountClient } from '#pages/account-page.tsx'
import type { Grant } from '#users/grants/grant.ts'
import type { AccountDeps } from '#sign-in/deps.ts'

/** As the consent page showed it. Of a grant from before that was kept, what its `client_id` alone says. */
export function clientOf(
  { client, shown }: Pick<Grant, 'client' | 'shown'>,
  { admission }: AccountDeps,
): AccountClient {
  if (shown === null) {
    const domain = URL.canParse(client) ? new URL(client).hostname : null
    return { name: shownClientName(client), domain, label: null, redirectHost: null, isLocalApp: false }
  }
  const { name, domain, redirectUri } = shown
  // The label is ours and of today: a list that changed since then is the one that counts.
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
