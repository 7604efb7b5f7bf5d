import { z } from 'zod'
import { roles } from '#lib/roles.ts'
import { encryptionPurposes } from '#lib/root-keys.ts'
import { newSecret } from '#sign-in/page-session.ts'
import { decrypt, encrypt } from '#users/base/encryption.ts'
import { OPERATE_CLIENT } from './native-client.ts'
import type { OperateDeps } from './deps.ts'

/** An authorization code is the finished sign-in, encrypted: nothing is stored before it is redeemed. */
const Code = z.strictObject({
  /** The user's object stores its hash, so that a code works once. */
  id: z.string(),
  userId: z.string(),
  redirectUri: z.string(),
  challenge: z.string(),
  roles: z.array(z.enum(roles)),
  userName: z.string().nullable(),
  preferredUsername: z.string().nullable(),
  authenticatedAtSeconds: z.number().int(),
  endsAtSeconds: z.number().int(),
})
export type Code = z.infer<typeof Code>

const CODE_SECONDS = 60
const place = { purpose: encryptionPurposes.operateCode, grant: OPERATE_CLIENT }

interface CodeDeps extends Pick<OperateDeps, 'nowSeconds'> {
  config: Pick<OperateDeps['config'], 'rootKeys'>
}

export const issueCode = (
  signIn: Omit<Code, 'id' | 'endsAtSeconds'>,
  { config, nowSeconds }: CodeDeps,
): Promise<string> => {
  const code: Code = { ...signIn, id: newSecret(), endsAtSeconds: nowSeconds() + CODE_SECONDS }
  return encrypt(config.rootKeys, place, JSON.stringify(code))
}

/** Null for a code that is too old, or that this server did not issue. */
export async function openCode(text: string, { config, nowSeconds }: CodeDeps): Promise<Code | null> {
  const opened = await decrypt(config.rootKeys, place, text)
  if (!opened.ok) return null
  const code = Code.parse(JSON.parse(opened.value))
  return code.endsAtSeconds > nowSeconds() ? code : null
}
