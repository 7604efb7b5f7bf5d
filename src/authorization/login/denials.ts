import type { AuthorizationErrorCode } from '@cloudflare/workers-oauth-provider'
import { loginMessages, outageSentence } from '#pages/connect-messages.ts'
import type { MessagePageProps } from '#pages/message-page.tsx'
import type { PingOneFailure } from '#pingone/failures.ts'
import type { PolicyDenial } from '#policy/policy.ts'

/** Every reason why a login fails after our consent page. `detail` is for the log. */
export type LoginDenial =
  | SignInFailure
  /** A rule about the connection, or a switch. `detail`: its id. */
  | { reason: 'policy'; detail: string; denial: PolicyDenial }
  /** The policy in force cannot be read now. */
  | { reason: 'policy_unavailable'; detail: string }

/** The reasons that a sign-in of our own pages has too. Policy decides about clients alone. */
export type SignInFailure =
  | { reason: 'declined'; detail: string }
  | { reason: 'refused_by_pingone'; detail: string }
  | { reason: 'scopes_withheld'; detail: string }
  /** An operator blocked this user. */
  | { reason: 'blocked'; detail: string }
  /** A bug, or an outage on our side, after PingOne's response was consumed. */
  | { reason: 'broken'; detail: string }
  | PingOneFailure

/** An error for the client (RFC 6749 §4.1.2.1). */
export interface ClientAnswer {
  to: 'client'
  code: AuthorizationErrorCode
  description: string
}

/** A page with "Try again". */
export interface OutageAnswer {
  to: 'user'
  status: 503
  title: string
  sentence: string
  retryAfterSeconds: number
}

/** A page that says why, and a link that gives the client its error. */
export interface RefusalAnswer {
  to: 'user-and-client'
  page: Pick<MessagePageProps, 'title' | 'sentence' | 'fact'>
  code: AuthorizationErrorCode
  description: string
}

const toClient = (code: AuthorizationErrorCode, description: string): ClientAnswer => ({
  to: 'client',
  code,
  description,
})

const outage = (title: string, retryAfterSeconds: number): OutageAnswer => ({
  to: 'user',
  status: 503,
  title,
  sentence: outageSentence,
  retryAfterSeconds,
})

/** The user declined on our own page. */
export const deniedHere = toClient('access_denied', 'The user declined')

/** The user left during an outage of PingOne. */
export const leftDuringOutage = toClient(
  'temporarily_unavailable',
  'The sign-in could not be finished just now',
)

const OWN_RETRY_SECONDS = 5

/**
 * The answer for each denial. PingOne's own text goes to the log only: a flow's designer, or an attacker who can make
 * PingOne fail, would otherwise speak in our name.
 */
export function answerDenial(denial: LoginDenial): ClientAnswer | OutageAnswer | RefusalAnswer {
  switch (denial.reason) {
    case 'declined':
      return toClient('access_denied', 'The user declined at sign-in')
    case 'scopes_withheld':
      return toClient('access_denied', 'The user did not allow the API')
    case 'blocked':
      return toClient('access_denied', 'This user may not use this server')
    case 'policy':
      return refusal(denial.denial)
    case 'policy_unavailable':
      return outage(loginMessages.policyUnavailable, OWN_RETRY_SECONDS)
    case 'refused_by_pingone':
      return toClient('server_error', 'PingOne did not complete the sign-in')
    case 'misconfigured':
      return toClient('server_error', 'This server is not set up correctly at PingOne')
    case 'oversized':
      return toClient('server_error', 'PingOne says too much about this account')
    case 'not_trusted':
    case 'dead':
      // One answer for both: it reveals nothing about which check failed.
      return toClient('server_error', 'The sign-in could not be verified')
    case 'broken':
      return outage(loginMessages.broken, OWN_RETRY_SECONDS)
    case 'unavailable':
      return outage(loginMessages.pingOneSilent, denial.retryAfterSeconds)
    default:
      return denial satisfies never
  }
}

function refusal({ reason, says, opensAtMs }: PolicyDenial): RefusalAnswer {
  const code = 'access_denied'
  return reason === 'switched_off'
    ? {
        to: 'user-and-client',
        page: loginMessages.switchedOff({ says: says ?? '', untilMs: opensAtMs }),
        code,
        description: 'An operator has switched this off',
      }
    : {
        to: 'user-and-client',
        page: loginMessages.noAccess({ says, opensAtMs }),
        code,
        description: 'A rule of this server does not let this user connect',
      }
}
