import type { DurableObject } from 'cloudflare:workers'
import type { Config } from '#config.ts'
import type { AccountKeeper, ListedGrant } from './grants/account-api.ts'
import type { CallIntent, CallKeeper, CallStart } from './calls/calls.ts'
import type { ConfirmationKeeper } from './requests/confirmations.ts'
import type { EndReason } from './grants/end-reason.ts'
import type { NewGrant } from './grants/grant.ts'
import type { GrantKeeper } from './grants/grant-api.ts'
import type { PersonPingOne, Step } from './base/step.ts'
import type { StepUpKeeper } from './requests/step-up-api.ts'
import type { Subscribed, SubscriptionKeeper } from './sessions/subscriptions.ts'

/** What a Person works with. */
export interface PersonParts {
  config(env: Env): Config
  pingone(env: Env): PersonPingOne
  /** Milliseconds since 1970. */
  nowMs(): number
  /** Ends the object of a session with its streams. */
  closeSession(env: Env, session: string): Promise<void>
  /** Tells it that what it subscribed to may have changed. */
  tellSession(env: Env, session: string, subscribed: Subscribed): Promise<void>
  /** Only tests have one (step.ts). */
  stepOf?: ((object: DurableObjectState) => Step) | undefined
}

/** What others may ask of a Person. */
export interface PersonObject
  extends
    DurableObject<Env>,
    AccountKeeper,
    CallKeeper,
    ConfirmationKeeper,
    GrantKeeper,
    StepUpKeeper,
    SubscriptionKeeper {
  openGrant(given: NewGrant): Promise<'opened' | 'blocked'>
  openSession(session: string, grant: string, client: string): Promise<void>
  closeSession(session: string): Promise<void>
  beginCall(intent: CallIntent): Promise<CallStart>
  endAll(reason: EndReason): Promise<void>
  setBlocked(isBlocked: boolean): Promise<void>
  listGrants(): Promise<ListedGrant[]>
}
