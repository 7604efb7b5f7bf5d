import type { AuthRequest } from '@cloudflare/workers-oauth-provider'
import { log } from '#lib/log.ts'
import { newIncident } from '#lib/trace.ts'
import { loginMessages } from '#pages/connect-messages.ts'
import type { IdTokenClaims } from '#pingone/claims.ts'
import { type ConnectDecision, decideConnection } from '#policy/connect.ts'
import type { Policy } from '#policy/policy.ts'
import type { PolicyClient } from '#policy/question.ts'
import { type PolicyHead, type Switch, switchedOff } from '#policy/switches.ts'
import { userName } from '#users/base/user-id.ts'
import { shownClient } from '../clients/shown-name.ts'
import { switchedOffSeconds } from '../oauth-denial.ts'
import { messageAnswer } from './answers.tsx'
import type { LoginDeps } from './login-state.ts'

/** The policy in force, as a login sees it. */
export interface LoginPolicies {
  /** null: none is young enough. */
  head(): Promise<PolicyHead | null>
  /** null: it cannot be read now. */
  policyOf(hash: string): Promise<Policy | null>
}

/** What a login is decided by. */
export interface PolicyInForce {
  policy: Policy
  switches: readonly Switch[]
}

/** null: it cannot be read now. */
export async function readPolicy(
  policies: LoginPolicies,
  head: PolicyHead | null,
): Promise<PolicyInForce | null> {
  const policy = head === null ? null : await policies.policyOf(head.policy)
  return head === null || policy === null ? null : { policy, switches: head.switches }
}

/** `domain`: that of the client's metadata document, which is the URL that its id is. */
const policyClient = (id: string, domain: string | null): PolicyClient => ({
  id,
  domain: domain ?? '',
  kind: id.startsWith('https://') ? 'document' : 'registered',
})

/**
 * The page for a client that an operator has switched off, or while everything is; null: it may go on. Without a head nothing
 * is refused here: the callback decides once more.
 */
export async function refuseSwitchedOff(
  request: AuthRequest,
  head: PolicyHead | null,
  { config, oauth, nowMs }: Pick<LoginDeps, 'config' | 'oauth' | 'nowMs'>,
): Promise<Response | null> {
  if (head === null || head.switches.length === 0) return null
  const { domain } = shownClient(await oauth.describeConsent(request))
  const client = policyClient(request.clientId, domain)
  const off = switchedOff(head.switches, { user: '', client, subject: null }, nowMs())
  if (off === null) return null
  const incident = newIncident()
  log.warn('login.switched-off', { incident, switch: off.id })
  const { title, sentence, fact } = loginMessages.switchedOff(off)
  const headers = new Headers({ 'Retry-After': String(switchedOffSeconds(off, nowMs())) })
  return messageAnswer(config, { title, sentence, fact, incident }, { status: 503, headers })
}

/** Whether this user may connect with this client now. `policy_unavailable`: nothing was decided. */
export async function decideLogin(
  { policy, switches }: PolicyInForce,
  {
    user,
    approved,
    network,
  }: {
    user: Pick<IdTokenClaims, 'iss' | 'sub' | 'acr' | 'auth_time' | 'mapped'>
    approved: AuthRequest
    network: string
  },
  { oauth, nowMs }: Pick<LoginDeps, 'oauth' | 'nowMs'>,
): Promise<ConnectDecision> {
  if (switches.length === 0 && !policy.hasServerRules) return { denial: null, wouldDeny: [] }
  const { groups, claims, incomplete } = user.mapped
  const id = await userName(user.iss, user.sub)
  const client = policyClient(approved.clientId, shownClient(await oauth.describeConsent(approved)).domain)
  const off = switchedOff(switches, { user: id, client, subject: null }, nowMs())
  if (off !== null) {
    const { id: rule, says, untilMs: opensAtMs } = off
    return { denial: { reason: 'switched_off', rule, says, opensAtMs }, wouldDeny: [] }
  }
  if (policy.hasServerRules && policy.readsClaims && incomplete.length > 0)
    return {
      denial: { reason: 'policy_unavailable', rule: null, says: null, opensAtMs: null },
      wouldDeny: [],
    }
  // A sign-in of an unknown time counts as one of long ago (users/grants/policy-user.ts).
  const authAgeSeconds = Math.max(0, Math.floor(nowMs() / 1000) - (user.auth_time ?? 0))
  return decideConnection(policy, {
    user: { id, groups, claims, acr: user.acr },
    client,
    request: { network, authAgeSeconds, transport: 'login' },
    nowMs: nowMs(),
  })
}
