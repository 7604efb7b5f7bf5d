import type { Config } from '#config.ts'
import { log } from '#lib/log.ts'
import { redacted } from '#lib/redacted.ts'
import type { EarlierCall } from './call-log.ts'
import type { CallStart } from './calls.ts'
import { encrypt, decrypt } from '../base/encryption.ts'

const PURPOSE = 'call-result'

/** null when it cannot be encrypted: the outcome is then recorded without it, which is what matters. */
export async function encryptResult(config: Config, grant: string, result: string): Promise<string | null> {
  try {
    return await encrypt(config.rootKeys, { purpose: PURPOSE, grant }, result)
  } catch (error) {
    log.error('call.result-not-kept', {
      grant,
      detail: redacted(error instanceof Error ? error.message : ''),
    })
    return null
  }
}

/** What is said to a call whose key was used before. */
export async function answerEarlier(
  config: Config,
  { verdict, call, grant, encrypted }: EarlierCall,
): Promise<CallStart> {
  if (verdict !== 'repeat') return { verdict, call }
  if (encrypted === null) return { verdict, call, result: null }
  const opened = await decrypt(config.rootKeys, { purpose: PURPOSE, grant }, encrypted)
  // A key that was taken away, say: that it was done is known all the same.
  return { verdict, call, result: opened.ok ? opened.value : null }
}
