import { POLICY_NOT_FOUND } from '#pingone/failures.ts'
import { CODE_WITHOUT_USER, type Login, type Outcome } from './begin-login.ts'
import { type Finding, ok, problem, UNSURE } from './finding.ts'

export const APPLICATION_PAGE = 'docs/run.md#1-the-api-and-the-application'
const POLICY_PAGE = 'docs/run.md#5-assign-it'

export const POLICY_SETTING = 'PINGONE_DV_POLICY_ID'

/** Explains the outcome to the operator; `policies` says where the policy is configured. */
export function judgeLogin(outcome: Outcome, { redirectUri, scopes }: Login, policies: string): Finding {
  const check = `login for ${redirectUri}`
  switch (outcome.kind) {
    case 'accepted':
      return ok(
        check,
        `PingOne begins one${scopes.length === 0 ? '' : ` with ${scopes.join(' ')}`}: it takes the redirect URI, the ` +
          `scopes and the flow policy${UNSURE}`,
      )
    case 'page':
      return problem(
        check,
        `PingOne sends nobody back there; it answers with a page, status ${outcome.status}${UNSURE}`,
        {
          fix: 'add exactly this address to the redirect URIs of the application, and see that the application is enabled',
          page: APPLICATION_PAGE,
        },
      )
    case 'unavailable':
      return problem(
        outcome.isPushed ? 'pushed requests' : 'authorization endpoint',
        `no login can begin: PingOne does not answer (${outcome.detail})`,
        {
          fix: 'try again later; if it stays, look at the status of PingOne',
          page: 'docs/run.md#pingone-step-by-step',
        },
      )
    case 'refused':
      // An error that returns by redirect proves the redirect URI; an error of a pushed request does not.
      return describeError(outcome.code, policies, outcome.isPushed ? redirectUri : null)
    default:
      return outcome satisfies never
  }
}

/** `doubtful`: PingOne may not know this redirect URI. */
function describeError(code: string, policies: string, doubtful: string | null): Finding {
  const ofApplication = (check: string, found: string, fix: string) =>
    problem(check, found, { fix, page: APPLICATION_PAGE })
  switch (code) {
    case POLICY_NOT_FOUND:
      return problem('flow policy', `PingOne does not find it${UNSURE}`, {
        fix:
          `${policies} has to be the id of a policy that exists and is assigned to the application (Policies, DaVinci ` +
          'policies); a policy that was made again has another id',
        page: POLICY_PAGE,
      })
    case 'invalid_scope':
      return ofApplication(
        'scopes',
        'PingOne refuses openid, profile or email (invalid_scope)',
        'grant them to the application',
      )
    case 'unauthorized_client':
    case 'unsupported_response_type':
      return ofApplication(
        'codes',
        `PingOne gives this application none (${code})`,
        'switch the response type Code and the grant type Authorization Code on at the application',
      )
    case 'access_denied':
      return ofApplication(
        'access',
        'PingOne refuses the login before anyone has signed in (access_denied)',
        'look at the access control of the application and at the beginning of the flow',
      )
    case CODE_WITHOUT_USER:
      return problem('flow', 'PingOne gave a code although nobody signed in', {
        fix: 'see that PINGONE_ISSUER is PingOne, and that the flow asks for a sign-on',
        page: 'docs/run.md#3-the-davinci-flow',
      })
    case 'invalid_client':
      return ofApplication(
        'pushed requests',
        'PingOne refuses our authentication for them (invalid_client)',
        'compare PINGONE_CLIENT_AUTH with the application',
      )
    default:
      return problem(
        doubtful === null ? 'flow policy' : `login for ${doubtful}`,
        `PingOne refuses the login (${code})${UNSURE}`,
        {
          fix:
            'most often ' +
            (doubtful === null ? '' : `${doubtful} is not a redirect URI of the application, or `) +
            `${policies} is no flow policy of it: compare both`,
          page: doubtful === null ? POLICY_PAGE : APPLICATION_PAGE,
        },
      )
  }
}
