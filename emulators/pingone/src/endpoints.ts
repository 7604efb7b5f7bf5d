import type { Answer } from './http.ts'
import { authorize, pushRequest } from './authorize.ts'
import { forApplication } from './client-auth.ts'
import { showDiscovery, showKeys } from './discovery.ts'
import { introspectToken, revokeToken, showUserinfo } from './introspect.ts'
import { resume } from './flow.ts'
import { decideConsent, registerUser, resetUsersPassword, showFlow, signOn } from './sign-on.ts'
import { signOff } from './signoff.ts'
import { answerToken } from './token.ts'
import type { Settings } from './settings.ts'
import type { Store } from './store.ts'
import type { Switches } from './switches.ts'

type Handle = (context: Context) => Answer | Promise<Answer>

/** Every endpoint: its name in counts and timeline, its path below the environment, its handlers. */
export const endpoints = [
  route('discovery', 'as/.well-known/openid-configuration', { GET: showDiscovery }),
  route('jwks', 'as/jwks', { GET: showKeys }),
  route('authorize', 'as/authorize', { GET: authorize, POST: authorize }),
  route('par', 'as/par', { POST: forApplication(pushRequest) }),
  route('resume', 'as/resume', { GET: resume }),
  route('token', 'as/token', { POST: forApplication(answerToken) }),
  route('userinfo', 'as/userinfo', { GET: showUserinfo, POST: showUserinfo }),
  route('introspect', 'as/introspect', { POST: forApplication(introspectToken) }),
  route('revoke', 'as/revoke', { POST: forApplication(revokeToken) }),
  route('signoff', 'as/signoff', { GET: signOff, POST: signOff }),
  route('signon', 'signon/', { GET: showFlow, POST: signOn }),
  route('register', 'signon/register', { GET: showFlow, POST: registerUser }),
  route('reset', 'signon/reset', { GET: showFlow, POST: resetUsersPassword }),
  route('consent', 'signon/consent', { GET: showFlow, POST: decideConsent }),
] as const

export type Endpoint = (typeof endpoints)[number]
type EndpointName = Endpoint['name']

export function findEndpoint(environmentId: string, pathname: string): Endpoint | undefined {
  return endpoints.find(({ path }) => pathname === `/${environmentId}/${path}`)
}

function route<const Name extends string>(
  name: Name,
  path: string,
  methods: { GET?: Handle; POST?: Handle },
) {
  return { name, path, handle: new Map<string, Handle>(Object.entries(methods)) }
}

/** What a handler is given for one request. The time is read once per request. */
export interface Context {
  readonly endpoint: EndpointName
  readonly request: Request
  readonly url: URL
  readonly parameters: URLSearchParams
  readonly settings: Settings
  readonly switches: Switches
  readonly store: Store
  readonly correlationId: string
  /** The true time: for lifetimes of stored records. */
  readonly nowSeconds: number
  /** The time plus `clockSkewSeconds`: for issuing and checking tokens. */
  readonly stampSeconds: number
}
