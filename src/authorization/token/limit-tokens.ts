import type { Config } from '#config.ts'
import type { Failures } from '#limits/failures.ts'
import { tooManyAt } from '../answer-too-many.ts'
import type { TokenRequest } from './token-form.ts'

const KEY_ID = /^[\w-]{22}\.([A-Za-z0-9]{1,16})\./

/**
 * What was made under a retired key cannot be told from what was made up, and costs no message to anybody. All users of
 * a hosted client come with it at once, and have to hear that it is over: so it does not count for their network.
 */
export function isUnderRetiredKey({ retiredRootKeys }: Pick<Config, 'retiredRootKeys'>, token: string) {
  const keyId = KEY_ID.exec(token)?.[1]
  return keyId !== undefined && retiredRootKeys.includes(keyId)
}

/** POST /token, for what admitTokenRequest let through: a grant whose token fails too often is not looked up. */
export async function limitTokenRequest(
  asked: TokenRequest,
  { config, failures }: { config: Pick<Config, 'retiredRootKeys'>; failures: Failures },
  ask: () => Promise<Response>,
): Promise<Response> {
  const { request, presented } = asked
  const token = presented?.value ?? ''
  const isRetired = isUnderRetiredKey(config, token)
  return failures.limitToken({ request, token, isRetired }, ask, tooManyAt(request))
}
