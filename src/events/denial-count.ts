/**
 * The reasons by which refused requests are counted that belong to no user: a stranger has no audit log (invariant 16). The
 * first word is where the request was refused. The list is fixed: nothing that a stranger sends becomes a reason.
 */
export const denialCounts = [
  /** GET and POST /authorize, before and at the consent page. */
  'authorize.invalid',
  'client.not-admitted',
  'client.unknown',
  'client.unreadable',
  'consent.denied',
  'consent.left',
  /** After the consent page (authorization/login/denials.ts). A blocked user has an audit log. */
  'login.declined',
  'login.refused_by_pingone',
  'login.scopes_withheld',
  'login.broken',
  'login.policy_unavailable',
  'login.unavailable',
  'login.dead',
  'login.misconfigured',
  'login.oversized',
  'login.not_trusted',
  /** Sign-ins of our own pages (sign-in/denials.ts). */
  'sign-in.declined',
  'sign-in.refused_by_pingone',
  'sign-in.scopes_withheld',
  'sign-in.broken',
  'sign-in.unavailable',
  'sign-in.dead',
  'sign-in.misconfigured',
  'sign-in.oversized',
  'sign-in.not_trusted',
  'sign-in.not_ours',
  'sign-in.stale',
  /** /mcp. `unknown`: this server made the bearer's user id, and the user has no such grant. */
  'bearer.not-ours',
  'bearer.key-missing',
  'bearer.unknown',
  /** /token. `refused`: by the OAuth library, for no grant that exists. */
  'token.invalid',
  'token.client-not-admitted',
  'token.key-missing',
  'token.not-ours',
  'token.refused',
  /** /register. */
  'registration.not-admitted',
  'registration.invalid',
  'registration.too-many',
  /** /operate. `no-role`: PingOne identified the user, who is in no group of operators. */
  'operate.invalid',
  'operate.no-role',
  'operate.bearer',
  /** Answered 429 because of failures. */
  'network.limited',
] as const
export type DenialCount = (typeof denialCounts)[number]

/** Counts one denial. Never fails, and is not awaited. */
export type CountDenial = (reason: DenialCount) => void
