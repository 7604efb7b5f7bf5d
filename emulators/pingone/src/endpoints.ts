import type { Answer } from './answer.ts'
import { authorize } from './authorize.ts'
import { showDiscovery, showKeys } from './discovery.ts'
import { introspectToken, revokeToken } from './introspect.ts'
import { pushRequest } from './par.ts'
import { resume } from './resume.ts'
import { decideConsent, registerUser, resetUsersPassword, showFlow, signOn } from './sign-on.ts'
import { signOff } from './signoff.ts'
import { answerToken } from './token.ts'
import { showUserinfo } from './userinfo.ts'
import type { Visit } from './visit.ts'

type Handle = (visit: Visit) => Answer | Promise<Answer>

/** Every door of the tenant: its name in counts and timeline, its path under the environment, who answers. */
export const endpoints = [
  door('discovery', 'as/.well-known/openid-configuration', { GET: showDiscovery }),
  door('jwks', 'as/jwks', { GET: showKeys }),
  door('authorize', 'as/authorize', { GET: authorize, POST: authorize }),
  door('par', 'as/par', { POST: pushRequest }),
  door('resume', 'as/resume', { GET: resume }),
  door('token', 'as/token', { POST: answerToken }),
  door('userinfo', 'as/userinfo', { GET: showUserinfo, POST: showUserinfo }),
  door('introspect', 'as/introspect', { POST: introspectToken }),
  door('revoke', 'as/revoke', { POST: revokeToken }),
  door('signoff', 'as/signoff', { GET: signOff, POST: signOff }),
  door('signon', 'signon/', { GET: showFlow, POST: signOn }),
  door('register', 'signon/register', { GET: showFlow, POST: registerUser }),
  door('reset', 'signon/reset', { GET: showFlow, POST: resetUsersPassword }),
  door('consent', 'signon/consent', { GET: showFlow, POST: decideConsent }),
] as const

export type Endpoint = (typeof endpoints)[number]
export type EndpointName = Endpoint['name']

/** The endpoint of a path, below the environment. */
export function findEndpoint(environmentId: string, pathname: string): Endpoint | undefined {
  return endpoints.find(({ path }) => pathname === `/${environmentId}/${path}`)
}

function door<const Name extends string>(name: Name, path: string, methods: { GET?: Handle; POST?: Handle }) {
  return { name, path, handle: new Map<string, Handle>(Object.entries(methods)) }
}
