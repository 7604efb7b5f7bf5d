import type { Config } from '#config.ts'
import { AUDIT_READ } from '#lib/roles.ts'
import type { Grant } from './grant.ts'

/*
 * Access of a client to the audit log of all users. Its tools exist only for a user with a role and a client with a
 * metadata document; each call needs audit:read and a sign-in of the last hour (invariant 5).
 */

const SIGN_IN_COUNTS_SECONDS = 3600

type AuditGrant = Pick<Grant, 'client' | 'operator'>

/** The id of a client that registered itself is no URL: anyone can register any name. */
const hasDocument = ({ client }: AuditGrant): boolean => client.startsWith('https://')

/** Whether tools that need audit:read exist for this grant. */
export const canAudit = (grant: AuditGrant | null, { operators }: Pick<Config, 'operators'>): boolean =>
  operators !== null && grant !== null && hasDocument(grant) && (grant.operator?.roles.length ?? 0) > 0

/** The scopes that a call needs and has not. audit:read counts only after a sign-in of the last hour. */
export function lackingScopes(
  needed: readonly string[],
  has: readonly string[],
  grant: AuditGrant | null,
  nowSeconds: number,
): string[] {
  const isOld = nowSeconds - (grant?.operator?.authenticatedAtSeconds ?? 0) > SIGN_IN_COUNTS_SECONDS
  return needed.filter((scope) => !has.includes(scope) || (scope === AUDIT_READ && isOld))
}
