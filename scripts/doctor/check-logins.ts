import { inForce, upstreamScopes } from '#authorization/scopes.ts'
import type { Config } from '#config.ts'
import { product } from '#harness/local/chosen-product.ts'
import type { Fetch } from '#lib/bounded-fetch.ts'
import { POLICY_NOT_FOUND } from '#pingone/failures.ts'
import { beginLogin, type Login, type Outcome } from './begin-login.ts'
import { type Finding, note, problem, UNSURE } from './finding.ts'
import { APPLICATION_PAGE, judgeLogin, POLICY_SETTING } from './judge-login.ts'

/**
 * Starts a login for each redirect URI and flow policy, with prompt=none and without a browser. PingOne checks redirect
 * URI, scopes and policy before it looks for a user, so nobody is signed in.
 */
export async function checkLogins(config: Config, fetch: Fetch): Promise<readonly Finding[]> {
  const { api, pingone, publicOrigin } = config
  const { extraScopes, sendResource } = pingone
  const [policy, ...others] = pingone.policyIds
  const names = api.scopes.map(({ value }) => value)
  const scopes = upstreamScopes(inForce(names, config), api)
  const redirectUri = `${publicOrigin}/callback`
  let login: Login = { redirectUri, scopes, extraScopes, policy, sendResource, par: pingone.par }
  const begin = (different: Partial<Login> = {}) => beginLogin(config, fetch, { ...login, ...different })
  const findings: Finding[] = []

  let first = await begin()
  if (first.kind === 'unavailable') return [judgeLogin(first, login, POLICY_SETTING)]
  if (first.kind === 'page' && !login.par && (await begin({ par: true })).kind === 'accepted') {
    findings.push(problem('pushed requests', 'PingOne takes this login only when it is pushed', MUST_PUSH))
    login = { ...login, par: true }
    first = await begin()
  }
  if (isRefusedFor(first, 'invalid_scope') && sendResource) {
    const without = await begin({ sendResource: false })
    if (without.kind === 'accepted') {
      findings.push(problem('resource parameter', `PingOne refuses it (invalid_scope)${UNSURE}`, NO_RESOURCE))
      login = { ...login, sendResource: false }
      first = without
    }
  }
  if (isRefusedFor(first, 'invalid_scope')) {
    const outcomes = await Promise.all(
      [...scopes, ...extraScopes].map(async (scope) => {
        const alone = await begin({ scopes: [scope], extraScopes: [], sendResource: false })
        return isRefusedFor(alone, 'invalid_scope') ? [notGranted(scope, config)] : []
      }),
    )
    findings.push(...(outcomes.flat().length > 0 ? outcomes.flat() : [SEVERAL_RESOURCES]))
  } else findings.push(judgeLogin(first, login, POLICY_SETTING))

  // The sign-in to our own pages requests no API scope. A problem that both logins share is reported once.
  const ownPages = { ...login, redirectUri: `${publicOrigin}/signed-in`, scopes: [] }
  const second = await begin(ownPages)
  const finding = judgeLogin(second, ownPages, POLICY_SETTING)
  const isSaid =
    second.kind === 'refused' &&
    isRefusedFor(first, second.code) &&
    (second.code === 'invalid_scope' ||
      findings.some(({ check, found }) => check === finding.check && found === finding.found))
  if (!isSaid) findings.push(finding)

  for (const [at, other] of others.entries()) {
    const outcome = await begin({ policy: other, scopes: [], extraScopes: [] })
    if (isRefusedFor(outcome, POLICY_NOT_FOUND))
      findings.push(judgeLogin(outcome, login, `policy ${at + 2} in ${POLICY_SETTING}`))
  }
  return findings
}

const isRefusedFor = (outcome: Outcome, code: string): boolean =>
  outcome.kind === 'refused' && outcome.code === code

const MUST_PUSH = {
  fix: 'set PINGONE_PAR=on, or make pushed requests optional at the application',
  page: APPLICATION_PAGE,
}
const NO_RESOURCE = { fix: 'switch PINGONE_SEND_RESOURCE off', page: 'docs/configuration.md' }
const SEVERAL_RESOURCES = problem(
  'scopes',
  'PingOne refuses the scopes of a login together, and none of them alone (invalid_scope): they belong to several resources',
  { fix: 'take scopes of one resource', page: APPLICATION_PAGE },
)

function notGranted(scope: string, { api, pingone }: Config): Finding {
  const offered = api.scopes.find(({ upstream }) => upstream === scope)
  const setting = product.scopes.find(({ name }) => name === offered?.value)?.setting
  const name = setting ?? (pingone.extraScopes.includes(scope) ? 'PINGONE_EXTRA_SCOPES' : 'the settings')
  return problem(
    'scopes',
    `PingOne does not grant the scope ${scope} to this application (invalid_scope)${UNSURE}`,
    { fix: `grant it there, or correct ${name}`, page: APPLICATION_PAGE },
  )
}

/** Facts that no request without a user can verify. */
export const loginNotes = ({ isAccepted }: { isAccepted: boolean }): readonly Finding[] => [
  note(
    'audience',
    'not checked: API_IDENTIFIER has to be the audience of the resource that has the scopes, letter by letter; only a ' +
      'token shows it. If it is not, every login is refused, and the log says login.refused, not_trusted, aud',
    { page: APPLICATION_PAGE },
  ),
  note(
    'flow',
    'not checked: whether the flow works, is deployed, and asks for consent. ' +
      (isAccepted ? 'PingOne accepts the request for it' : 'First solve the problems'),
    { fix: 'sign in once, and look for login.refused in the log', page: 'docs/run.md#3-the-davinci-flow' },
  ),
]
