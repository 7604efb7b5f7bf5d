import type { Finding } from '../doctor/finding.ts'
import { makeAsk, type Target } from './ask.ts'
import { checkHealth, checkMetadata, checkSecurityText } from './check-documents.ts'
import { checkChallenge, checkRegisteredClient, checkSignIn, checkUnknownClient } from './check-login.ts'
import { checkOtherHost, checkPages } from './check-pages.ts'

export interface SmokeOptions {
  /** The commit that must be live; unset: any. */
  readonly commit?: string
  /** Registers a client, to see its consent page. */
  readonly register?: boolean
  /** For each request, its body included. */
  readonly deadlineMs?: number
}

const DEADLINE_MS = 10_000

/**
 * Asks a running server what a client, a browser and an attacker would ask first. It signs nobody in and
 * follows no redirect. Without `register` the server stores nothing but the counts of what it denied.
 */
export async function runSmoke(
  { origin }: URL,
  { commit, register = false, deadlineMs = DEADLINE_MS }: SmokeOptions = {},
): Promise<Finding[]> {
  const target: Target = { origin, ask: makeAsk(deadlineMs) }
  const { finding, isUp } = await checkHealth(target, commit)
  // Where nothing answers, or something else, every other line would say the same.
  if (!isUp) return [finding]
  return [
    finding,
    ...(await checkMetadata(target)),
    ...(await checkChallenge(target)),
    await checkSecurityText(target, Date.now()),
    ...(await checkPages(target)),
    await checkOtherHost(target),
    await checkUnknownClient(target),
    ...(register ? [await checkRegisteredClient(target)] : []),
    ...(await checkSignIn(target)),
  ]
}
