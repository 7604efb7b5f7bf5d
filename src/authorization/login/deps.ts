import type { OAuthHelpers } from '@cloudflare/workers-oauth-provider'
import { z } from 'zod'
import type { Config } from '#config.ts'
import type { Fetch } from '#lib/bounded-fetch.ts'
import type { NewGrant } from '#users/grants/grant.ts'
import type { GrantDraft } from '#oauth-store/provider-storage.ts'
import type { PingOne } from '#pingone/client.ts'
import type { Admission } from '../clients/admission.ts'

/** What a user reads on our pages: what this server is called, and what it works on. */
export interface ProductNames {
  name: string
  api: string
}

/** What the login journey works with. wiring/ makes it, once per request. */
export interface LoginDeps {
  config: Config
  oauth: OAuthHelpers
  admission: Admission
  pingone: PingOne
  product: ProductNames
  nowSeconds(): number
  /** For documents of clients. */
  fetch: Fetch
  documentMs: number
  /** Uses up what the helpers opened, a consent or a state: last of all, so that an outage leaves it as it was. */
  settle: () => Promise<void>
  /** Work that nobody waits for. */
  afterAnswer(work: Promise<unknown>): void
  /** Tells the user's object about a new grant. */
  openGrant(user: string, grant: NewGrant): Promise<'opened' | 'blocked'>
  /** A storage that keeps what the library writes of this user, and the library's helpers over it. */
  newDraft(user: string): { draft: GrantDraft; oauth: OAuthHelpers }
}

/** The state of a login between our page and `/callback`: encrypted by the library with the request (this-browser.ts). */
export const LoginState = z.object({
  /** Required by the branch that finishes it, so that no journey can end as another (decision 1). */
  purpose: z.literal('client'),
  verifier: z.string(),
  nonce: z.string(),
  issuer: z.string(),
})
export type LoginState = z.infer<typeof LoginState>

export const callbackOf = (config: Config): string => `${config.publicOrigin}/callback`
