import { z } from 'zod'

/** Why a grant ended. Kept with it for good, told to the client, shown to the user. */
export const EndReason = z.enum([
  'revoked_by_client',
  'code_reused',
  'code_not_redeemed',
  'refresh_reused',
  'pingone_ended',
  'downstream_expired',
  'idle',
  'too_old',
  'refreshed_too_often',
  'cap',
  'key_retired',
  'ended_by_user',
  // Unused in this release: nothing lets an operator end a grant or block a user yet.
  'ended_by_operator',
  'blocked',
])
export type EndReason = z.infer<typeof EndReason>
