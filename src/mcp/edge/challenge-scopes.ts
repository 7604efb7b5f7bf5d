import { type OAuthResourceContext, insufficientScope } from '@cloudflare/workers-oauth-provider'
import type { AnyTool } from '#catalog/define-tool.ts'
import { AUDIT_READ } from '#lib/roles.ts'
import type { StepUpDenial } from '#users/requests/step-ups.ts'
import { answerToolResult } from '../json-rpc-error.ts'
import type { McpProduct } from '../product.ts'
import type { Wanted } from './arrival.ts'
import { withError } from './denials.ts'
import type { Id } from './read-message.ts'

/** A request whose bearer lacks scopes. */
interface ScopeDenial {
  auth: OAuthResourceContext<unknown>['auth']
  user: string
  wanted: Wanted
  missing: readonly string[]
  stepUp: StepUpDenial | null
  id: Id
  server: McpProduct['server']
}

/**
 * MCP 2026-07-28 Authorization, Scope Challenge Handling: 403 with every scope that the call needs, so that one consent is
 * enough. Clients request more scopes only on 403, and an SDK would answer 200. The answer also carries a step-up link,
 * for clients that ignore the challenge.
 * @step tool-call 5 scope challenge
 * @step step-up 1-3 challenge and link
 */
export function challengeScopes(denial: ScopeDenial): Response {
  const { auth, user, wanted, missing, stepUp, id, server } = denial
  const { act, isTool } = wanted
  // With those that the bearer has: a client requests exactly the scopes of the challenge, and would lose the others.
  const scopes = [...new Set([...auth.scope, ...act.scopes])].filter((scope) => scope !== AUDIT_READ)
  const challenge = insufficientScope(auth, scopes, `${act.name} needs ${act.scopes.join(' and ')}`)
  const words = sayStepUp(act, missing, `${new URL(auth.audience).origin}/step-up/${user}`, stepUp)
  // Many clients discard the body of a 403, so the second denial is a tool error
  // (docs/decisions/0006-step-up-in-a-tool-error.md). No client can request audit:read, so its denial is one at once.
  if ((stepUp?.isAskedAgain === true && isTool) || missing.includes(AUDIT_READ)) {
    const content = [{ type: 'text' as const, text: words }]
    return answerToolResult(id, { content, isError: true, _meta: {} }, server)
  }
  return withError(challenge, words, { error: 'insufficient_scope', scope: scopes.join(' ') })
}

/** The link has its own last line, because some programs add following text to a URL. */
function sayStepUp(
  tool: AnyTool,
  missing: readonly string[],
  page: string,
  denial: StepUpDenial | null,
): string {
  const what = missing.includes(AUDIT_READ)
    ? 'audit:read and a sign-in of the last hour'
    : missing.join(' and ')
  const lacks = `${tool.name} needs ${what}, which this connection does not have. Nothing was changed. `
  if (denial === null) return `${lacks}Ask the user to allow it and connect again.`
  switch (denial.state) {
    case 'open':
      return (
        `${lacks}Show the user the link below and do not open it yourself: it works once, for 10 minutes, and asks them ` +
        `first. When they have agreed, call ${tool.name} again.\n${page}~${denial.id}`
      )
    case 'denied':
      return `${lacks}The user was asked for it a moment ago and did not allow it. Do not ask again unless the user wants it; a new request is possible in 10 minutes.`
    case 'narrowed':
      return `${lacks}The user has allowed it already, but this access token was issued without it. It is there when the client refreshes its access without naming scopes, or connects again: tell the user.`
    default:
      return denial satisfies never
  }
}
