import * as oauth from 'oauth4webapi'
import type { Fetch } from '#lib/bounded-fetch.ts'
import { makeTokenChecks } from './check-tokens.ts'
import { type ClientAuth, makeClientAuth } from './client-auth.ts'
import { makeDiscovery } from './discover.ts'
import type { Environments } from './environment.ts'
import { makeWire } from './wire.ts'

export interface PingOneSettings {
  issuer: string
  policyIds: readonly [string, ...string[]]
  clientId: string
  clientAuth: ClientAuth
  extraScopes: readonly string[]
  sendResource: boolean
  /** Push what a login asks for to PingOne before the browser goes there (RFC 9126). */
  par: boolean
  /** Which environments' tokens are taken; `ofIssuer` is the one in the issuer's address. */
  environments: Environments
  /** How long ago a user may have proved who they are, at a login; null: as PingOne decides. */
  maxAuthAgeSeconds: number | null
  apiIdentifier: string
  deadlineMs: number
}

export type Connection = ReturnType<typeof makeConnection>

/** What every request to PingOne is made with. */
export function makeConnection(settings: PingOneSettings, deps: { fetch: Fetch; now: () => number }) {
  const wire = makeWire(deps.fetch, settings.deadlineMs, settings.issuer)
  // RFC 8707 §2.2: a server that reads `resource` reads it at both endpoints; without it here the token could be for
  // another audience than the one that was agreed to.
  const resource: Record<string, string> = settings.sendResource ? { resource: settings.apiIdentifier } : {}
  const client: oauth.Client = { client_id: settings.clientId, [oauth.clockTolerance]: 60 }
  return {
    settings,
    options: wire.options,
    client,
    resource,
    authentication: makeClientAuth(settings.clientAuth),
    discover: makeDiscovery(wire, settings.issuer, deps.now),
    checks: makeTokenChecks(wire, settings),
  }
}
