import { type ClientCutoff, isCutOff } from '#lib/client-cutoff.ts'
import type { UserAct } from '#users/operators/operator-api.ts'
import type { UserObjectApi } from '#users/user.ts'

/** A grant as its object knows it. */
export interface OpenedGrant {
  client: string
  openedAtSeconds: number
}

/** The clients that operators cut off, as this isolate knows them. */
export interface Cutoffs {
  /** What a request waits for: the first list of an isolate. Null later; an old list is renewed after the answer. */
  load(): Promise<void> | null
  of(client: string): ClientCutoff | null
  /** Asks D1, for a login. Without D1 the list counts. */
  isBlocked(client: string): Promise<boolean>
}

/** The cutoff that a grant falls under, where the walk of the operator did not find it; null: none. */
export function cutoffOf(
  { client, openedAtSeconds }: OpenedGrant,
  cutoffs: Pick<Cutoffs, 'of'>,
): ClientCutoff | null {
  const cutoff = cutoffs.of(client)
  return cutoff !== null && isCutOff(cutoff, openedAtSeconds) ? cutoff : null
}

/** What the operator's act does to each user of the client. */
export const actOf = ({ act, client, isBlocked, endedBeforeMs }: ClientCutoff): UserAct =>
  isBlocked
    ? { act, operation: 'block-client', client, beforeSeconds: Number.MAX_SAFE_INTEGER }
    : { act, operation: 'end-client', client, beforeSeconds: Math.ceil(endedBeforeMs / 1000) }

/** Ends the grants of a user that fall under the cutoff. Idempotent. */
export async function endCutOff(user: Pick<UserObjectApi, 'applyAct'>, cutoff: ClientCutoff): Promise<void> {
  await user.applyAct(actOf(cutoff))
}
