import type { DurableObject } from 'cloudflare:workers'
import type { Config } from '#config.ts'
import type { AccountApi, ListedGrant } from './grants/account-api.ts'
import type { CallIntent, CallApi, CallStart } from './calls/calls.ts'
import type { ConfirmationApi } from './requests/confirmations.ts'
import type { EndReason } from './grants/end-reason.ts'
import type { NewGrant } from './grants/grant.ts'
import type { GrantApi } from './grants/grant-api.ts'
import type { UserPingOne, Step } from './base/step.ts'
import type { StepUpApi } from './requests/step-up-api.ts'
import type { Subscribed, SubscriptionApi } from './sessions/subscriptions.ts'

/** What a User works with. */
export interface UserDeps {
  config(env: Env): Config
  pingone(env: Env): UserPingOne
  /** Milliseconds since 1970. */
  nowMs(): number
  /** Ends the object of a session with its streams. */
  closeSession(env: Env, session: string): Promise<void>
  /** Tells it that what it subscribed to may have changed. */
  tellSession(env: Env, session: string, subscribed: Subscribed): Promise<void>
  /** Only tests have one (step.ts). */
  stepOf?: ((object: DurableObjectState) => Step) | undefined
}

/** What others may ask of a User. */
export interface UserObject
  extends DurableObject<Env>, AccountApi, CallApi, ConfirmationApi, GrantApi, StepUpApi, SubscriptionApi {
  openGrant(given: NewGrant): Promise<'opened' | 'blocked'>
  openSession(session: string, grant: string, client: string): Promise<void>
  closeSession(session: string): Promise<void>
  beginCall(intent: CallIntent): Promise<CallStart>
  endAll(reason: EndReason): Promise<void>
  setBlocked(isBlocked: boolean): Promise<void>
  listGrants(): Promise<ListedGrant[]>
}
