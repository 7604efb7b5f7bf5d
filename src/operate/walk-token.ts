import { z } from 'zod'
import { encryptionPurposes } from '#lib/root-keys.ts'
import { decrypt, encrypt } from '#users/base/encryption.ts'
import type { Operator } from './answer.ts'
import type { OperateDeps } from './deps.ts'

/** Where an act is that takes several requests. `after`: where its last page ended. */
const Place = z.discriminatedUnion('operation', [
  z.strictObject({
    operation: z.enum(['end-client', 'block-client']),
    act: z.string(),
    client: z.string(),
    beforeSeconds: z.number().int(),
    after: z.string(),
    affected: z.strictObject({ users: z.number().int(), grants: z.number().int() }),
  }),
  z.strictObject({ operation: z.literal('export'), act: z.string(), at: z.string(), after: z.string() }),
])
export type WalkPlace = z.infer<typeof Place>

/** Encrypted, so that the numbers are the server's own, and for one operator: another one begins an act of their own. */
const placeOf = (operator: string) => ({ purpose: encryptionPurposes.operateWalk, grant: operator })

interface WalkDeps {
  config: Pick<OperateDeps['config'], 'rootKeys'>
}

export const writeWalk = (place: WalkPlace, by: string, { config }: WalkDeps): Promise<string> =>
  encrypt(config.rootKeys, placeOf(by), JSON.stringify(place))

/** Null for a text that this server did not give to this operator. */
export async function readWalk(
  text: string,
  { name }: Pick<Operator, 'name'>,
  { config }: WalkDeps,
): Promise<WalkPlace | null> {
  const opened = await decrypt(config.rootKeys, placeOf(name), text)
  return opened.ok ? Place.parse(JSON.parse(opened.value)) : null
}
