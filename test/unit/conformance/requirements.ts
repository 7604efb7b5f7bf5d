import { bearers } from './requirements/bearers.ts'
import { consent } from './requirements/consent.ts'
import { identityProvider } from './requirements/identity-provider.ts'
import { logins } from './requirements/logins.ts'
import { metadata } from './requirements/metadata.ts'
import { stateless } from './requirements/stateless.ts'
import { refreshing } from './requirements/refreshing.ts'
import { registration } from './requirements/registration.ts'
import { serverDuties } from './requirements/server-duties.ts'
import { session } from './requirements/session.ts'
import { transport } from './requirements/transport.ts'

/** Sorted by number. */
export const requirements = [
  ...metadata,
  ...bearers,
  ...logins,
  ...registration,
  ...consent,
  ...identityProvider,
  ...refreshing,
  ...transport,
  ...stateless,
  ...session,
  ...serverDuties,
]
