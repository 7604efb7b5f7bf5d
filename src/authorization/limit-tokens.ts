import type { Config } from '../config.ts'
import type { Failures } from '../limits/failures.ts'
import { tooManyAt } from './answer-too-many.ts'
import { tokenOwner } from './token-owner.ts'

type KeysOf = Pick<Config, 'rootKeys' | 'retiredRootKeys'>

const KEY_ID = /^[\w-]{22}\.([A-Za-z0-9]{1,16})\./

/**
 * Whether a failure is that of one grant, and not of the network it came from. What was made under a retired key
 * cannot be told from what was made up; but all people of a hosted client come with it at once, and have to hear that
 * it is over.
 */
export async function mayBeOurs(config: KeysOf, token: string): Promise<boolean> {
  const keyId = KEY_ID.exec(token)?.[1]
  if (keyId !== undefined && config.retiredRootKeys.includes(keyId)) return true
  return (await tokenOwner(config, token)).ok
}

/** POST /token, for what admitTokenRequest let through: a grant whose token fails too often is not looked up. */
export async function limitTokenRequest(
  request: Request,
  { config, failures }: { config: KeysOf; failures: Failures },
  ask: (request: Request) => Promise<Response>,
): Promise<Response> {
  const body = new TextDecoder().decode(await request.arrayBuffer())
  const form = new URLSearchParams(body)
  const token = form.get('code') ?? form.get('refresh_token') ?? form.get('token') ?? ''
  return failures.limitToken(
    { request, token, isOurs: () => mayBeOurs(config, token) },
    () => ask(new Request(request, { method: 'POST', body })),
    tooManyAt(request),
  )
}
