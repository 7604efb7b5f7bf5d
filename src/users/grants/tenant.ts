import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'
import { isAccepted } from '#pingone/claims.ts'
import type { Grant, Tenant } from './grant.ts'

/** The tenant in the settings. `environment`: from PingOne's tokens, if they have one. */
export const tenantOf = ({ pingone, api }: Config, environment: string | null = null): Tenant => ({
  issuer: pingone.issuer,
  clientId: pingone.clientId,
  audience: api.identifier,
  environment: environment ?? pingone.environments.ofIssuer,
})

export function isSameTenant(tenant: Tenant, config: Config): boolean {
  const now = tenantOf(config)
  const { issuer, clientId, audience } = tenant
  if (issuer !== now.issuer || clientId !== now.clientId || audience !== now.audience) return false
  return isAccepted(config.pingone.environments, tenant.environment)
}

/** Refuses but does not end the grant: a wrong setting must not sign everyone out. Logs once for each grant. */
export class TenantGuard {
  readonly #logged = new Set<string>()

  refuses({ id, tenant }: Grant, config: Config): boolean {
    if (isSameTenant(tenant, config)) return false
    if (!this.#logged.has(id))
      log.error('grant.refused', { grant: id, detail: 'settings name another tenant' })
    this.#logged.add(id)
    return true
  }
}
